// control/page: how a page looks, on a screen and on A4.
#pragma once

#include <string_view>

namespace sluice::control {

/// Whole CSS. Fonts are those that a machine has; nothing is fetched.
inline constexpr std::string_view kPageStyle = R"(
:root { --ink: #1b2733; --soft: #5b6875; --faint: #dfe3e6; --paper: #fff; --deep: #1f4e5f; --stop: #b4472e; --good: #3b7a57; --warn: #9a6a00; }
* { box-sizing: border-box; }
html { background: #eceae5; }
body { max-width: 54rem; margin: 2.5rem auto; padding: 4.5rem 5rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 "Source Serif 4", "Noto Serif", Georgia, "Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", SimSun, serif;
  box-shadow: 0 1px 6px #0002; overflow-wrap: anywhere; }
header { border-bottom: 2px solid var(--ink); padding-bottom: 1.4rem; margin-bottom: 2.4rem; }
h1, h2, h3, th, dt, .eyebrow, .figure span, figcaption, footer, .chip, svg, .none, .note {
  font-family: "Source Sans 3", "Noto Sans", "Helvetica Neue", Arial, "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
.eyebrow { margin: 0 0 .6rem; color: var(--deep); font-size: .82rem; font-weight: 600; letter-spacing: .09em; }
h1 { margin: 0; font-size: 2.35rem; line-height: 1.18; font-weight: 600; letter-spacing: -.01em; }
.subtitle { margin: .7rem 0 0; color: var(--soft); }
section { margin: 2.6rem 0 0; }
h2 { margin: 0 0 .8rem; font-size: 1.22rem; line-height: 1.3; font-weight: 600; color: var(--deep); break-after: avoid; }
h3 { margin: 1.5rem 0 .45rem; font-size: .95rem; font-weight: 600; break-after: avoid; }
p { margin: .55rem 0; break-inside: avoid; }
h2 + p { break-after: avoid; }
ul { margin: .5rem 0; padding-left: 1.3rem; }
li { margin: .22rem 0; }
code { font: .86em "Source Code Pro", "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace; word-break: break-all; }
table { width: 100%; margin: .6rem 0 1.1rem; border-collapse: collapse; font-size: .9rem; line-height: 1.4; }
th { padding: .3rem .55rem .3rem 0; border-bottom: 1px solid var(--ink); color: var(--soft); font-size: .76rem; font-weight: 600;
  text-align: left; vertical-align: bottom; white-space: nowrap; }
td { padding: .34rem .55rem .34rem 0; border-bottom: 1px solid var(--faint); vertical-align: top; overflow-wrap: break-word; }
td:first-child, td:last-child { overflow-wrap: anywhere; }
td:first-child { min-width: 8.5rem; }
time { white-space: nowrap; }
th.n, td.n { padding-right: 0; padding-left: .55rem; text-align: right; white-space: nowrap; overflow-wrap: normal;
  font-variant-numeric: tabular-nums lining-nums; }
td.n + td:not(.n), th.n + th:not(.n) { padding-left: 1.3rem; }
tr { break-inside: avoid; }
thead { display: table-header-group; }
dl { display: grid; grid-template-columns: minmax(8rem, 13rem) 1fr; gap: .3rem 1.2rem; margin: .6rem 0 1.1rem; break-inside: avoid; }
dt { color: var(--soft); font-size: .86rem; padding-top: .08rem; }
dd { margin: 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr)); gap: 1rem; margin: .4rem 0 1.6rem; }
section + .figures { margin-top: 2.2rem; }
.figure { border-top: 2px solid var(--deep); padding-top: .5rem; }
.figure b { display: block; font-size: 1.35rem; white-space: nowrap; line-height: 1.2; font-weight: 500; font-variant-numeric: lining-nums; }
.figure span { color: var(--soft); font-size: .82rem; }
.figure.stop { border-color: var(--stop); }
figure { margin: .7rem 0 1.2rem; break-inside: avoid; }
figcaption { color: var(--soft); font-size: .82rem; margin-bottom: .3rem; }
svg { display: block; width: 100%; height: auto; font-size: 11px; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.3rem; margin: .5rem 0 0; font-size: .86rem; }
.legend i { display: inline-block; width: .72em; height: .72em; margin-right: .45em; border-radius: 2px; }
.note { color: var(--soft); font-size: .86rem; }
.none { color: var(--soft); font-size: .92rem; }
.box { border-left: 3px solid var(--warn); background: #faf6ec; padding: .55rem .9rem; margin: .8rem 0; break-inside: avoid; }
.box.stop { border-color: var(--stop); background: #fbf1ee; }
.chip { display: inline-block; padding: 0 .5em; border-radius: 3px; font-size: .78rem; font-weight: 600; line-height: 1.6; white-space: nowrap;
  background: #edf1f3; color: var(--deep); }
.chip.stop { background: #f8e9e5; color: var(--stop); }
.chip.warn { background: #f7efdc; color: #7a5300; }
.chip.wide { white-space: normal; }
.chip.good { background: #e8f1ec; color: var(--good); }
footer { margin-top: 3rem; padding-top: .8rem; border-top: 1px solid var(--faint); color: var(--soft); font-size: .78rem; line-height: 1.5; }
.s1 { fill: #1f4e5f; background: #1f4e5f; } .s2 { fill: #5d93a3; background: #5d93a3; } .s3 { fill: #c8a75b; background: #c8a75b; }
.s4 { fill: #a9b2ba; background: #a9b2ba; } .s5 { fill: #b4472e; background: #b4472e; }
.axis { stroke: #c3cad0; stroke-width: 1; } .tick { fill: #5b6875; }
@media (max-width: 44rem) { body { margin: 0; padding: 1.6rem 1.1rem; box-shadow: none; } h1 { font-size: 1.7rem; } dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; } table { display: block; overflow-x: auto; } }
@page { size: A4; margin: 20mm 18mm 22mm; }
@media print { html { background: none; } body { max-width: none; margin: 0; padding: 0; box-shadow: none; font-size: 10pt; }
  h1 { font-size: 23pt; } section { margin-top: 8mm; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)";

}  // namespace sluice::control
