#!/usr/bin/env python3
# lint: clang-format and clang-tidy over the checkout, as Debian 12 has them.
"""tidy.py [--format-only] [BUILD DIR with compile_commands.json of a clang build]"""
import argparse
import hashlib
import json
import os
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
    """Of all that clang-tidy could see; a source that was clean with the same one is clean."""
    digest = hashlib.sha256()
    for path in tracked():
        if path.suffix in (".h", ".def") or path.name in (".clang-tidy", "meson.build"):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def tidy(build: Path, source: str, seen: str) -> str:
    stamp = build / "tidy" / hashlib.sha256((seen + source).encode() + Path(source).read_bytes()).hexdigest()
    if stamp.exists():
        return ""
    done = subprocess.run(["clang-tidy", "--quiet", "-p", build, "--warnings-as-errors=*",
                           "--extra-arg=-Wno-unknown-warning-option", source], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        stamp.parent.mkdir(exist_ok=True)
        stamp.touch()
        return ""
    return done.stdout or done.stderr


def check_tidy(build: Path) -> bool:
    commands = json.loads((build / "compile_commands.json").read_text())
    sources = sorted({os.path.realpath(os.path.join(entry["directory"], entry["file"])) for entry in commands})
    sources = [source for source in sources if source.startswith((f"{ROOT}/dataplane/", f"{ROOT}/control/"))]
    seen = fingerprint()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda source: tidy(build, source, seen), sources))
    clean = True
    for side in ("dataplane", "control"):
        mine = [(source, result) for source, result in zip(sources, results) if source.startswith(f"{ROOT}/{side}/")]
        clean &= report(f"clang-tidy of {side} ({len(mine)} sources)", "".join(result for _, result in mine))
    return clean


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
