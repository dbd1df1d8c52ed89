# bench: plots of results as SVG.
import math
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 70, 170, 40, 50
COLOURS = ("#1f6feb", "#d1570a", "#1a7f37", "#8250df", "#bf3989")
STEPS = 5
Series = dict[str, list[tuple[float, dict]]]  # name: points of x and a figure


def _words(x: float, y: float, text: str, anchor: str = "middle", more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(text)}</text>'


def _number(value: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _round_up(value: float) -> float:
    """To one that STEPS divides well."""
    size = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return next(size * step for step in (1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10) if size * step >= value)


def _frame(title: str, unit: str, most: float, inside: list[str]) -> str:
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', _words(LEFT, 22, title, "start", 'font-size="15"')]
    for step in range(STEPS + 1):
        y = _y(most * step / STEPS, most)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(_words(LEFT - 6, y + 4, f"{most * step / STEPS:g}" + (f" {unit}" if step == STEPS else ""), "end"))
    return "\n".join([*out, *inside, "</svg>"]) + "\n"


def _y(value: float, most: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / most


def _spread(x: float, of: dict, most: float, colour: str) -> str:
    return (f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_y(of["least"], most):.1f}" y2="{_y(of["most"], most):.1f}"'
            f' stroke="{colour}" stroke-width="2"/>')


def lines(title: str, unit: str, series: Series) -> str:
    """x is shown by its logarithm."""
    points = [point for of in series.values() for point in of]
    most = _round_up(max(of["most"] for _, of in points))
    low, high = (math.log10(pick(x for x, _ in points)) for pick in (min, max))
    def x_of(value: float) -> float:
        return LEFT + 10 + (WIDTH - LEFT - RIGHT - 20) * (math.log10(value) - low) / max(high - low, 1e-9)
    inside = [_words(x_of(x), HEIGHT - BOTTOM + 18, _number(x)) for x in sorted({x for x, _ in points})]
    for colour, (name, of) in zip(COLOURS, series.items()):
        path = " ".join(f"{x_of(x):.1f},{_y(figure['median'], most):.1f}" for x, figure in of)
        inside.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        inside += [_spread(x_of(x), figure, most, colour) for x, figure in of]
        inside.append(_words(x_of(of[-1][0]) + 8, _y(of[-1][1]["median"], most) + 4, name, "start", f'fill="{colour}"'))
    return _frame(title, unit, most, inside)


def bars(title: str, unit: str, of: dict[str, dict[str, dict]]) -> str:
    """of: for each group its bars by their names."""
    most = _round_up(max(figure["most"] for group in of.values() for figure in group.values()))
    names = list(dict.fromkeys(name for group in of.values() for name in group))
    room = (WIDTH - LEFT - RIGHT) / len(of)
    each = room * 0.8 / len(names)
    inside = []
    for place, (group, figures) in enumerate(of.items()):
        inside.append(_words(LEFT + room * (place + 0.5), HEIGHT - BOTTOM + 18, group))
        for at, name in enumerate(names):
            if name in figures:
                x, y = LEFT + room * (place + 0.1) + each * at, _y(figures[name]["median"], most)
                inside.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{each * 0.9:.1f}" height="{HEIGHT - BOTTOM - y:.1f}"'
                              f' fill="{COLOURS[at]}"/>')
                inside.append(_spread(x + each * 0.45, figures[name], most, "#000"))
    for at, name in enumerate(names):
        inside.append(_words(WIDTH - RIGHT + 12, TOP + 12 + 18 * at, name, "start", f'fill="{COLOURS[at]}"'))
    return _frame(title, unit, most, inside)


def write(figures: dict, folder: Path) -> list[Path]:
    """Of what was measured."""
    def by_count(kind: str, what: str) -> list[tuple[float, dict]]:
        return sorted(((int(name.split("/")[2]), of) for name, of in figures.items()
                       if name.startswith(f"scale/{kind}/") and name.endswith(f"/{what}")), key=lambda point: point[0])
    made = {}
    shapes = {name.split("/")[1]: of for name, of in figures.items()
              if name.startswith("shape/") and name.endswith("/packet") and name.count("/") == 2}
    if shapes:
        made["shapes"] = bars("A packet by shape, without ports", "ns", {
            shape: {"sluice": of} | ({"suricata": figures[other]} if (other := f"suricata/{shape}/packet") in figures else {})
            for shape, of in shapes.items()})
    if "loop64/sluice" in figures:
        made["decided"] = bars("A packet of a decided flow, a looped capture", "ns", {
            words: {name: figures[f"{shape}/{name}"] for name in ("sluice", "testpmd macswap", "testpmd io")
                    if f"{shape}/{name}" in figures} for shape, words in (("loop64", "64 bytes"), ("loopmix", "mixed"))})
    if by_count("flows", "packet"):
        made["flows"] = lines("A packet of a decided flow, by open flows", "ns", {"sluice": by_count("flows", "packet")})
        made["policy"] = lines("A new TLS flow, by the policy's size", "ns",
                               {kind: by_count(kind, "flow") for kind in ("names", "rules", "networks")
                                if by_count(kind, "flow")})
    folder.mkdir(exist_ok=True)
    for name, text in made.items():
        (folder / f"{name}.svg").write_text(text)
    return [folder / f"{name}.svg" for name in made]
