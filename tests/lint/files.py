#!/usr/bin/env python3
# lint: what every file of the checkout keeps to: its size, its first line, and no word of a private place.
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 450
MARKED = {".h", ".cpp", ".def"}
# Links may lead to the public; packages come from wherever the host's apt says.
PUBLIC_HOSTS = re.compile(
    r"(^|\.)(example|test|invalid|example\.(com|net|org)|localhost|rfc-editor\.org|ietf\.org|iana\.org|apache\.org"
    r"|json-schema\.org|endpoints\.office\.com|github\.com|dpdk\.org|debian\.org|prometheus\.io|elastic\.co|w3\.org|yaml\.org)$")
URL = re.compile(r"\bhttps?://([A-Za-z0-9][A-Za-z0-9.-]*)")
PRIVATE = re.compile("/(" + "|".join(("wo" + "rk", "ho" + "me", "ro" + "ot/src")) + r")/\w|\b10\.255\.255\.\d")


def tracked() -> list[Path]:
    """The files of the checkout: git's where there is git, else all but what a build leaves."""
    try:
        listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "-co", "--exclude-standard"], capture_output=True, check=True)
        names = listed.stdout.decode().split("\0")
        paths = [ROOT / name for name in names if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [path for path in ROOT.rglob("*") if not path.relative_to(ROOT).parts[0].startswith(("build", ".git"))]
    return sorted(path for path in paths if path.is_file() and "__pycache__" not in path.parts)


def text_of(path: Path) -> str | None:
    data = path.read_bytes()
    return None if b"\0" in data else data.decode(errors="replace")


def first_line_problem(path: Path, lines: list[str]) -> str | None:
    relative = path.relative_to(ROOT)
    if relative.parts[0] == "tests" and path.suffix in MARKED:
        mark = re.match(r"// [a-z].*: \S", lines[0] if lines else "")
    elif path.suffix in MARKED:
        mark = re.match(r"// ([a-z][a-z/_-]*): \S", lines[0] if lines else "")
    elif path.suffix in (".py", ".sh") or (lines and lines[0].startswith("#!")):
        at = 1 if lines and lines[0].startswith("#!") else 0
        mark = re.match(r"# ([a-z][a-z/_-]*): \S", lines[at] if len(lines) > at else "")
    else:
        return None
    if not mark:
        return f"{relative}:1: the first line says `room: job`"
    parts = relative.parts
    if parts[0] in ("dataplane", "control") and len(parts) > 2 and mark[1].split("/")[-1] != parts[1]:
        return f"{relative}:1: says {mark[1]}, lies in {parts[1]}"
    return None


def main() -> int:
    checks: dict[str, list[str]] = {"files have at most %d lines" % MOST_LINES: [], "first lines say room and job": [],
                                    "no private place is named": []}
    long, first, private = checks.values()
    for path in tracked():
        text = text_of(path)
        if text is None:
            continue
        relative, lines = path.relative_to(ROOT), text.splitlines()
        code = path.suffix in MARKED | {".py", ".sh", ".build"} or text.startswith("#!")
        if code and len(lines) > MOST_LINES:
            long.append(f"{relative}: {len(lines)} lines")
        if problem := first_line_problem(path, lines):
            first.append(problem)
        for number, line in enumerate(lines, 1):
            hosts = [host for host in URL.findall(line) if "." in host and not re.fullmatch(r"[\d.]+", host)
                     and not PUBLIC_HOSTS.search(host.rstrip("."))]
            if path.name != "LICENSE" and (hosts or PRIVATE.search(line)):
                private.append(f"{relative}:{number}: {(hosts or [PRIVATE.search(line)[0]])[0]}")
    for name, problems in checks.items():
        print("not ok" if problems else "ok", "-", name)
        for problem in problems:
            print("    " + problem)
    return 1 if any(checks.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
