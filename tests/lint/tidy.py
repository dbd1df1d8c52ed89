#!/usr/bin/env python3
# lint: clang-format and clang-tidy over the checkout, as Debian 12 has them.
"""tidy.py [--format-only] [BUILD DIR with compile_commands.json of a clang build]"""
import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from files import ROOT, tracked  # noqa: E402


def report(name: str, problems: str) -> bool:
    print("not ok" if problems else "ok", "-", name)
    for line in problems.splitlines()[:60]:
        print("    " + line)
    sys.stdout.flush()
    return not problems


def check_format() -> bool:
    sources = [path for path in tracked() if path.suffix in (".h", ".cpp")]
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *sources], cwd=ROOT, capture_output=True, text=True)
    return report(f"clang-format of {len(sources)} files", done.stderr if done.returncode else "")


def fingerprint() -> str:
    """Of all that clang-tidy could see beside the sources; a unit that was clean with the same one is clean."""
    digest = hashlib.sha256()
    for path in tracked():
        if path.suffix in (".h", ".def") or path.name in (".clang-tidy", "meson.build"):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def sources_of(unit: Path) -> list[Path]:
    """The sources that a unity build compiles as one, or the one that is compiled alone; of the two processes only."""
    names = [unit]
    if "unity" in unit.name:
        names = [Path(os.path.realpath(name)) for name in re.findall(r"^#include<(.*)>$", unit.read_text(), re.M)]
    return [name for name in names if name.is_relative_to(ROOT / "dataplane") or name.is_relative_to(ROOT / "control")]


def tidy(build: Path, unit: Path, seen: str) -> str:
    digest = hashlib.sha256(seen.encode())
    for source in sources_of(unit):
        digest.update(str(source).encode() + source.read_bytes())
    stamp = build / "tidy" / digest.hexdigest()
    if stamp.exists():
        return ""
    # What a unity build is made of is sources that are included.
    done = subprocess.run(["clang-tidy", "--quiet", "-p", build, "--warnings-as-errors=*", "--checks=-bugprone-suspicious-include",
                           "--extra-arg=-Wno-unknown-warning-option", unit], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        stamp.parent.mkdir(exist_ok=True)
        stamp.touch()
        return ""
    return done.stdout or done.stderr


def check_tidy(build: Path) -> bool:
    """Of sources as a unity build puts them together: their headers are then read once, which is most of the time."""
    commands = json.loads((build / "compile_commands.json").read_text())
    compiled = sorted({Path(os.path.realpath(os.path.join(entry["directory"], entry["file"]))) for entry in commands})
    units = [unit for unit in compiled if sources_of(unit)]
    missed = {path for path in tracked() if path.suffix == ".cpp" and path.relative_to(ROOT).parts[0] in ("dataplane", "control")}
    missed -= {source for unit in units for source in sources_of(unit)}
    seen = fingerprint()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda unit: tidy(build, unit, seen), units))
    clean = report("clang-tidy sees every source", "\n".join(map(str, sorted(missed))))
    return report(f"clang-tidy of {len(units)} units of sources", "".join(results)) and clean


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format-only", action="store_true")
    parser.add_argument("build", nargs="?", default=ROOT / "build-san", type=Path)
    options = parser.parse_args()
    clean = check_format()
    if not options.format_only:
        if (options.build / "compile_commands.json").exists():
            clean &= check_tidy(options.build)
        else:
            clean &= report("clang-tidy", f"no {options.build}/compile_commands.json: set that build up first")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
