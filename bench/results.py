# bench: figures with their spread, kept in a file, shown as a table, compared with others.
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE, PREVIOUS = ROOT / "bench/results.json", ROOT / "bench/results.previous.json"


def figure(values: list[float]) -> dict:
    return {"median": round(statistics.median(values), 3), "least": round(min(values), 3), "most": round(max(values), 3)}


def processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def machine() -> dict:
    threads = re.search(r"Thread\(s\) per core:\s*(\d+)", subprocess.run(
        ["lscpu"], capture_output=True, text=True, env=dict(os.environ, LC_ALL="C")).stdout)
    return {"processor": processor(), "cores": os.cpu_count(), "threads_a_core": int(threads[1]) if threads else 0,
            "kernel": platform.release(), "virtual": "hypervisor" in Path("/proc/cpuinfo").read_text()}


def coloured(text: str, colour: int | None) -> str:
    """On a terminal that wants colours; text has its width already."""
    if colour is None or not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\033[{colour}m{text}\033[0m"


GREEN, RED, BOLD = 32, 31, 1


def print_table(header: list[str], rows: list[list[str]], colours: list[int | None]) -> None:
    """The first column to the left, the others to the right; a row of one cell is a heading."""
    full = [row for row in rows if len(row) > 1]
    widths = [max(len(row[at]) for row in [header, *full]) for at in range(len(header))]
    def line(row: list[str]) -> str:
        return "  ".join(cell.ljust(width) if at == 0 else cell.rjust(width)
                         for at, (cell, width) in enumerate(zip(row, widths))).rstrip()
    print(coloured(line(header), BOLD))
    for row, colour in zip(rows, colours):
        print(coloured(row[0], BOLD) if len(row) == 1 else coloured(line(row), colour))


def text_of(of: dict) -> str:
    digits = 1 if abs(of["median"]) < 1000 else 0
    return f"{of['median']:,.{digits}f} ({of['least']:,.{digits}f}, {of['most']:,.{digits}f})"


def save(results: dict, path: Path = FILE) -> None:
    """What was there before is kept, for a comparison."""
    if path == FILE and path.exists():
        path.replace(PREVIOUS)
    path.write_text(json.dumps(results, indent=1) + "\n")


def load(path: Path) -> dict:
    try:
        results = json.loads(path.read_text())
        for of in results["figures"].values():
            float(of["median"]), float(of["least"]), float(of["most"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SystemExit(f"bench: {path}: no results of bench/run: {error}") from None
    return results


def compare(old: dict, new: dict) -> list[tuple[str, dict, dict, float, str]]:
    """For each figure of both: its ratio, and whether the two spreads are apart. More is worse, but where a figure's
    name says that it is a gain."""
    out = []
    for name, was in old["figures"].items():
        now = new["figures"].get(name)
        if now is None or not was["median"]:
            continue
        gain = name.endswith("/gain")
        ratio = now["median"] / was["median"]
        word = "same"
        if now["least"] > was["most"]:
            word = "better" if gain else "worse"
        elif now["most"] < was["least"]:
            word = "worse" if gain else "better"
        out.append((name, was, now, ratio, word))
    return out
