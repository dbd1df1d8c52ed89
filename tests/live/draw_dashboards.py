#!/usr/bin/env python3
# live: draws Grafana's dashboards from what a real Prometheus and a real ClickHouse answer, so that somebody can look at them.
"""draw_dashboards.py PROMETHEUS CLICKHOUSE MINUTES OUT FILE...

Writes OUT/NAME.png for each dashboard: its panels where they lie, with their units, colours and names, a row that repeats once for
each value; and OUT/values.md: what each query was given. It is not Grafana: legends and tables are shorter. Needs python3-matplotlib."""
import copy
import json
import math
import re
import sys
import textwrap
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "smoke/lib"))
import dashboards  # noqa: E402

COLOURS = {"green": "#56a64b", "yellow": "#e0b400", "orange": "#ff780a", "red": "#e02f44", "blue": "#3274d9", "purple": "#8f3bb8", "text": "#888888"}
STEPS = 120
UNIT_INCHES = (0.75, 0.42)


def shown(value: float, defaults: dict) -> str:
    """A value in its unit, or the word that it is mapped to."""
    word = mapped(value, defaults)
    if word:
        return word["text"]
    unit = defaults.get("unit", "short")
    if math.isinf(value):
        return "∞"
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit in ("s", "d"):
        seconds = value * (86400 if unit == "d" else 1)
        for name, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
            if abs(seconds) >= size:
                return f"{seconds / size:.3g} {name}"
        return "0 s"
    if unit == "dateTimeFromNow":
        return time.strftime("%H:%M:%S", time.gmtime(value / 1000))
    if "decimals" in defaults:
        return f"{value:,.{defaults['decimals']}f}"
    tail = {"bps": "b/s", "bytes": "B", "pps": "p/s", "cps": "/s", "cpm": "/min"}.get(unit, "")
    for name, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g} {name}{tail}"
    return f"{value:.3g} {tail}".strip()


def mapped(value: float, defaults: dict) -> dict | None:
    for each in defaults["mappings"]:
        options = each["options"]
        if each["type"] == "range" and (options["from"] is None or value >= options["from"]) and (options["to"] is None or value <= options["to"]):
            return options["result"]
        if each["type"] == "value" and f"{value:g}" in options:
            return options[f"{value:g}"]
    return None


def colour(value: float, defaults: dict) -> str:
    word = mapped(value, defaults)
    if word:
        return COLOURS[word["color"]] if "color" in word else COLOURS["blue"]
    return COLOURS[[step["color"] for step in defaults["thresholds"]["steps"] if step["value"] is None or value >= step["value"]][-1]]


def fixed_colours(panel: dict) -> dict[str, str]:
    """Those that overrides give to series by their names."""
    return {each["matcher"]["options"]: COLOURS[word["value"]["fixedColor"]] for each in panel["fieldConfig"]["overrides"]
            for word in each["properties"] if word["id"] == "color"}


def said_of_nothing(axes, panel: dict) -> None:
    axes.text(0.5, 0.5, panel["fieldConfig"]["defaults"].get("noValue", "no data"), ha="center", va="center", transform=axes.transAxes)


def legend_of(target: dict, labels: dict) -> str:
    legend = target.get("legendFormat", "")
    if legend in ("", "__auto"):
        return ", ".join(value for key, value in labels.items() if key not in ("__name__", "instance", "job", "site"))
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), legend)


class Source:
    def __init__(self, prometheus: str, clickhouse: str, minutes: float):
        self.prometheus, self.clickhouse, self.now, self.seconds = prometheus, clickhouse, time.time(), minutes * 60
        self.given: list[tuple[str, str, str]] = []  # panel, query, what came

    def note(self, panel: dict, target: dict, values: list[float], many: int) -> None:
        """One value, or the least and the most of a panel's query."""
        known = [value for value in values if not math.isnan(value)]
        defaults = panel["fieldConfig"]["defaults"]
        ends = [f"{each:.4g}" + (f" ({word})" if (word := shown(each, defaults)) != f"{each:.4g}" else "") for each in (min(known), max(known))] if known else []
        came = " to ".join(dict.fromkeys(ends)) or "nothing"
        self.given.append((panel["title"], target["expr"], f"{many} series, {came}" if many > 1 else came))

    def values_of(self, query: str, label: str) -> list[str]:
        """Of a dashboard's variable, as label_values."""
        return sorted({each["metric"][label] for each in dashboards.api(self.prometheus, "query", query=query)["result"]})

    def now_values(self, panel: dict) -> list[tuple[str, float, dict, str]]:
        out = []
        for target in panel["targets"]:
            found = dashboards.api(self.prometheus, "query", query=dashboards.filled(target["expr"]))["result"]
            self.note(panel, target, [float(each["value"][1]) for each in found], len(found))
            for each in found:
                out.append((legend_of(target, each["metric"]), float(each["value"][1]), each["metric"], target["refId"]))
        return out

    def series(self, panel: dict) -> list[tuple[str, list[float], list[float]]]:
        out = []
        for target in panel["targets"]:
            said = dashboards.api(self.prometheus, "query_range", query=dashboards.filled(target["expr"]), start=str(self.now - self.seconds),
                                  end=str(self.now), step=str(self.seconds / STEPS))
            self.note(panel, target, [float(value) for each in said["result"] for _, value in each["values"]], len(said["result"]))
            for each in said["result"]:
                # Every step has its place, so that there is a gap where nothing was known.
                known = {round((float(at) - self.now + self.seconds) * STEPS / self.seconds): float(value) for at, value in each["values"]}
                times = [(at / STEPS - 1) * self.seconds / 60 for at in range(STEPS + 1)]
                out.append((legend_of(target, each["metric"]), times, [known.get(at, math.nan) for at in range(STEPS + 1)]))
        return out

    def rows(self, panel: dict) -> tuple[list[str], list[list]]:
        query = re.sub(r"\$\{(\w+):sqlstring\}", lambda match: dashboards.quoted({"site": "shanghai-office", "action": "any"}.get(match[1], "")),
                       panel["targets"][0]["query"])
        query = query.replace("$interval", "10").replace("$from", str(int(self.now - self.seconds))).replace("$to", str(int(self.now)))
        said = json.loads(dashboards.get(self.clickhouse, (query + " FORMAT JSONCompact").encode()))
        self.given.append((panel["title"], panel["targets"][0]["query"], f"{said['rows']} rows"))
        return [column["name"] for column in said["meta"]], said["data"]


def draw_stat(axes, panel: dict, source: Source) -> None:
    defaults, values = panel["fieldConfig"]["defaults"], source.now_values(panel)
    axes.axis("off")
    for index, (name, value, _, _) in enumerate(values):
        left, wide = index / len(values), 1 / len(values)
        axes.add_patch(plt.Rectangle((left, 0), wide * 0.98, 1, color=colour(value, defaults), alpha=0.85, transform=axes.transAxes))
        axes.text(left + wide / 2, 0.5, shown(value, defaults), ha="center", va="center", fontsize=13, color="white", weight="bold", transform=axes.transAxes)
        if "{{" in json.dumps(panel["targets"]) or len(values) > 1:
            axes.text(left + wide / 2, 0.12, name, ha="center", va="center", fontsize=7, color="white", transform=axes.transAxes)
    if not values:
        said_of_nothing(axes, panel)


def draw_series(axes, panel: dict, source: Source) -> None:
    defaults, found = panel["fieldConfig"]["defaults"], source.series(panel)
    tints = fixed_colours(panel)
    dashed = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"] if "lineStyle" in json.dumps(each)}
    right = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"] if "axisPlacement" in json.dumps(each)}
    if defaults["custom"]["stacking"]["mode"] == "normal" and found:
        axes.stackplot(found[0][1], [[0 if math.isnan(value) else value for value in values] for _, _, values in found],
                       labels=[each[0] for each in found], colors=[tints.get(each[0], f"C{at}") for at, each in enumerate(found)], alpha=0.7)
    else:
        for at, (name, times, values) in enumerate(found):
            place = axes.twinx() if name in right else axes
            if name in right:
                axes.plot([], [], label=name, color=f"C{at}")
                place.yaxis.set_major_formatter(lambda value, _: shown(value, defaults | {"mappings": []}))
                place.tick_params(labelsize=6)
            place.plot(times, values, label=name, linewidth=1.2, linestyle="--" if name in dashed else "-", color=tints.get(name, f"C{at}"))
    axes.set_xlim(-source.seconds / 60, 0)
    axes.set_ylim(bottom=defaults.get("min"), top=defaults.get("max"))
    axes.set_ylim(top=max(axes.get_ylim()[1], defaults["custom"].get("axisSoftMax", 0)))
    top = axes.get_ylim()[1]
    if defaults["custom"]["thresholdsStyle"]["mode"] != "off":
        for step in defaults["thresholds"]["steps"][1:]:
            if step["value"] <= top:
                axes.axhline(step["value"], color=COLOURS[step["color"]], linestyle=":", linewidth=1)
    axes.yaxis.set_major_formatter(lambda value, _: shown(value, defaults | {"mappings": []}))
    axes.tick_params(labelsize=6)
    axes.grid(alpha=0.3)
    if found:
        axes.legend(fontsize=5.5, loc="upper left", ncol=2)


def draw_timeline(axes, panel: dict, source: Source) -> None:
    defaults, found = panel["fieldConfig"]["defaults"], source.series(panel)
    for row, (_, times, values) in enumerate(found):
        for begin, end, value in zip(times, times[1:] + [0], values):
            if not math.isnan(value):
                axes.barh(row, end - begin, left=begin, color=colour(value, defaults))
    axes.set_xlim(-source.seconds / 60, 0)
    axes.set_ylim(len(found) - 0.4, -1)
    axes.set_yticks(range(len(found)), [each[0] for each in found], fontsize=7)
    axes.tick_params(labelsize=7)
    words = [option for each in defaults["mappings"] for option in each["options"].values()]
    axes.legend([plt.Rectangle((0, 0), 1, 1, color=COLOURS[word["color"]]) for word in words], [word["text"] for word in words], ncol=6, fontsize=6, loc="upper center")


def draw_bars(axes, panel: dict, source: Source) -> None:
    defaults, values = panel["fieldConfig"]["defaults"], source.now_values(panel)
    values.sort(key=lambda each: each[1])
    if not values:
        return said_of_nothing(axes, panel)
    axes.barh([each[0] for each in values], [each[1] for each in values], color=[colour(each[1], defaults) for each in values], alpha=0.6)
    axes.set_xlim(0, defaults.get("max"))
    axes.set_xticks([])
    axes.set_yticks([])
    for row, each in enumerate(values):
        axes.text(0, row, f"  {each[0]}: {shown(each[1], defaults)}", va="center", fontsize=8)


def draw_heatmap(axes, panel: dict, source: Source) -> None:
    found = sorted((each for each in source.series(panel) if each[0] != "+Inf"), key=lambda each: float(each[0]))
    below = [0.0] * len(found[0][2])
    grid = []
    for _, _, values in found:
        values = [0 if math.isnan(value) else value for value in values]
        grid.append([max(0, value - under) for value, under in zip(values, below)])
        below = values
    axes.pcolormesh(found[0][1][:len(below)], range(len(found)), grid, cmap="Oranges", shading="nearest")
    axes.set_yticks(range(0, len(found), 4), [shown(float(found[at][0]), {"unit": "s", "mappings": []}) for at in range(0, len(found), 4)], fontsize=6)
    axes.tick_params(labelsize=6)


def metric_rows(panel: dict, source: Source) -> tuple[list[str], list[list[float | str]]]:
    organize = next(each["options"] for each in panel["transformations"] if each["id"] == "organize")
    order, title = organize["indexByName"], lambda name: organize["renameByName"].get(name, name)
    merged: dict[tuple, dict[str, float | str]] = {}
    for _, value, labels, ref in source.now_values(panel):
        kept = {key: text for key, text in labels.items() if not organize["excludeByName"].get(key)}
        row = merged.setdefault(tuple(sorted(kept.items())), dict(kept))
        name = "Value" if len(panel["targets"]) == 1 else f"Value #{ref}"
        if not organize["excludeByName"].get(name):
            row[name] = value
    names = sorted(dict.fromkeys(key for row in merged.values() for key in row), key=lambda name: order.get(name, len(order)))
    return [title(name) for name in names], [[row.get(name, "") for name in names] for row in merged.values()]


def draw_table(axes, panel: dict, source: Source) -> None:
    axes.axis("off")
    columns, found = metric_rows(panel, source) if "expr" in panel["targets"][0] else source.rows(panel)
    if not found:
        return said_of_nothing(axes, panel)
    for by in panel["options"].get("sortBy", []):
        found.sort(key=lambda row: (isinstance(at := row[columns.index(by["displayName"])], str), at), reverse=by["desc"])
    units = {each["matcher"]["options"]: {word["id"]: word["value"] for word in each["properties"]} for each in panel["fieldConfig"]["overrides"]}
    found = found[:int(panel["gridPos"]["h"] * 2.2)]
    words = {title: {"mappings": [], "thresholds": panel["fieldConfig"]["defaults"]["thresholds"], **units.get(title, {})} for title in columns}
    texts = [[shown(float(cell), words[title]) if title in units and cell != "" else str(cell)[:24] for title, cell in zip(columns, row)] for row in found]
    table = axes.table(texts, colLabels=columns, loc="upper left", cellLoc="left", edges="horizontal")
    table.auto_set_font_size(False)
    table.set_fontsize(6.5)
    for at, row in enumerate(found, 1):
        for column, (title, cell) in enumerate(zip(columns, row)):
            if "custom.cellOptions" in words[title] and cell != "":
                table[at, column].get_text().set_color(colour(float(cell), words[title]))


def draw_sql_series(axes, panel: dict, source: Source) -> None:
    _, found = source.rows(panel)
    below: dict[float, int] = {}
    for word, tint in fixed_colours(panel).items():
        chosen = [(int(at) / 1000, int(count)) for at, action, count in found if action == word]
        axes.bar([(at - source.now) / 60 for at, _ in chosen], [count for _, count in chosen], bottom=[below.get(at, 0) for at, _ in chosen],
                 width=0.14, label=word, color=tint, alpha=0.7)
        below |= {at: below.get(at, 0) + count for at, count in chosen}
    axes.legend(fontsize=7)
    axes.tick_params(labelsize=6)


def repeated(model: dict, source: Source) -> list[dict]:
    """The panels, with a row that repeats, and all below it as far as the next row, once for each value of its variable."""
    out, pending, down = [], [], 0

    def flush() -> None:
        nonlocal down
        if not pending:
            return
        variable = pending[0]["repeat"]
        query = next(each["query"]["query"] for each in model["templating"]["list"] if each["name"] == variable)
        metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
        height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in pending) - pending[0]["gridPos"]["y"]
        for number, value in enumerate(source.values_of(dashboards.filled(metric), label)):
            for panel in json.loads(json.dumps(pending).replace(f"${variable}", value)):
                panel["gridPos"]["y"] += down + number * height
                out.append(panel)
        down += number * height
        pending.clear()

    for panel in model["panels"]:
        if panel["type"] == "row":
            flush()
        if panel.get("repeat") or pending:
            pending.append(panel)
        else:
            out.append(panel := copy.deepcopy(panel))
            panel["gridPos"]["y"] += down
    flush()
    return out


def write_values(given: list[tuple[str, str, str, str]], file: Path) -> None:
    lines = ["| dashboard | panel | query | given |", "|---|---|---|---|"]
    for dashboard, panel, query, came in given:
        short = re.sub(r",? ?(site|line|worker)=~?\"[^\"]*\"", "", query).replace("{}", "").replace("{, ", "{")
        short = short if len(short) <= 110 else short[:107] + "..."
        lines.append("| " + " | ".join(text.replace("|", "\\|") for text in (dashboard, panel, f"`{short}`", came)) + " |")
    file.write_text("\n".join(lines) + "\n")


def draw(path: Path, source: Source, out: Path) -> None:
    model = json.loads(path.read_text())
    model["panels"] = repeated(model, source)
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in model["panels"])
    figure = plt.figure(figsize=(24 * UNIT_INCHES[0], height * UNIT_INCHES[1] + 0.6))
    figure.text(0.01, 0.995, f"{model['title']}: {model['description']}", va="top", fontsize=12, weight="bold")
    doing = {"stat": draw_stat, "timeseries": draw_series, "state-timeline": draw_timeline, "bargauge": draw_bars, "heatmap": draw_heatmap, "table": draw_table}
    scale = height * 1.02 + 1
    dashboards.VARIABLES["$__range"] = f"{source.seconds:.0f}s"
    for panel in model["panels"]:
        at = panel["gridPos"]
        if panel["type"] == "row":
            figure.text(0.01, 1 - (at["y"] + 1.9) / scale, "▾ " + panel["title"], fontsize=11, weight="bold")
            continue
        left, bottom = at["x"] / 24 + 0.012, 1 - (at["y"] + at["h"] + 0.9) / scale
        axes = figure.add_axes((left + 0.018, bottom, at["w"] / 24 - 0.04, (at["h"] - 1.4) / scale))
        axes.set_title("\n".join(textwrap.wrap(panel["title"], at["w"] * 5)), fontsize=9, loc="left")
        sql = "expr" not in panel["targets"][0]
        (draw_sql_series if sql and panel["type"] == "timeseries" else doing[panel["type"]])(axes, panel, source)
    figure.savefig(out / f"{path.stem}.png", dpi=80)
    plt.close(figure)
    print(out / f"{path.stem}.png")


def main() -> int:
    if len(sys.argv) < 6:
        print(__doc__)
        return 2
    out = Path(sys.argv[4])
    out.mkdir(parents=True, exist_ok=True)
    source, given = Source(sys.argv[1], sys.argv[2], float(sys.argv[3])), []
    for name in sys.argv[5:]:
        source.given.clear()
        draw(Path(name), source, out)
        given += [(Path(name).stem, *each) for each in source.given]
    write_values(given, out / "values.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
