#!/usr/bin/env python3
# lint: includes run one way between the rooms.
"""Prints `ok` or `not ok` for each room, by the tables below."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WAY = ["contract", "decode", "extract", "policy", "flow", "act"]  # each sees itself and those before it

DATAPLANE = {room: set(WAY[: index + 1]) for index, room in enumerate(WAY)}
DATAPLANE |= {room: {"contract", room} for room in ("io", "log", "stats")}
DATAPLANE["agent"] = {"contract", "policy", "agent"}
DATAPLANE["worker"] = {*WAY, "io", "log", "stats", "worker"}
DATAPLANE["boot"] = {*DATAPLANE["worker"], "agent", "boot"}
DATAPLANE["replay"] = {*DATAPLANE["worker"], "replay"}

# Programs that decide with the enforcing code itself, and what they see beyond their own side.
EXCEPTIONS = {
    "control/judge": {"dataplane/policy"},
    "control/policy": set(),
    "dataplane/replay": {"control/policy", "control/accesslog"},
}
# The data plane knows no YAML, no HTTP, no JSON; the judge knows no EAL.
OUTSIDE = {
    "dataplane": re.compile(r"yaml-cpp/|prometheus/|nlohmann/|civetweb|curl/"),
    "dataplane/policy": re.compile(r"rte_"),
    "dataplane/contract": re.compile(r"rte_|hs/|hs\.h|openssl/"),
}
OUTSIDE_EXCEPT = {"dataplane/replay"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def allowed(room: str) -> set[str]:
    side, name = room.split("/")
    if side == "control":
        seen = {"dataplane/contract"} | {f"control/{path.name}" for path in (ROOT / "control").iterdir()}
    else:
        seen = {f"dataplane/{other}" for other in DATAPLANE.get(name, {name})}
    return seen | EXCEPTIONS.get(room, set())


def problems_of(room: str) -> list[str]:
    found = []
    seen = allowed(room)
    for path in sorted((ROOT / room).rglob("*")):
        if path.suffix not in (".h", ".cpp", ".def"):
            continue
        text = path.read_text(errors="replace")
        for match in INCLUDE.finditer(text):
            where = f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"
            quoted, target = match[1] == '"', match[2]
            parts = target.split("/")
            if quoted and parts[0] not in ("dataplane", "control"):
                found.append(f"{where}: \"{target}\": name it from the root of the checkout")
            elif quoted and "/".join(parts[:2]) not in seen:
                found.append(f"{where}: {room} may not include {target}")
            for scope, pattern in OUTSIDE.items():
                if (room == scope or room.startswith(scope + "/")) and room not in OUTSIDE_EXCEPT:
                    if pattern.match(target):
                        found.append(f"{where}: {scope} may not include {target}")
    return found


def main() -> int:
    rooms = [f"{side}/{path.name}" for side in ("dataplane", "control")
             for path in sorted((ROOT / side).iterdir()) if path.is_dir()]
    failed = 0
    for room in rooms:
        problems = problems_of(room)
        if room.startswith("dataplane/") and room.split("/")[1] not in DATAPLANE:
            problems.append(f"{room}: a room that tests/lint/includes.py does not know")
        failed += bool(problems)
        print("not ok" if problems else "ok", f"- includes of {room}")
        for problem in problems:
            print("    " + problem)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
