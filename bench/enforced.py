#!/usr/bin/env python3
# bench: saves changes of a policy that is enforced on saving, and waits for each until the data plane has it.
"""enforced.py POLICIES SOCKET WRITE_NAMES NAMES: prints a row of milliseconds; exit 1 where a change never comes into force"""
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

CHANGES = 7  # of each kind
SETTLED_S = 3  # until control goes by the stamp of a file
MOST_S = 60
POLICY = """lists: {many: {files: [many.names]}}
rules: [{name: no-many, to: [many], action: block}]
"""
RULE = "rules: [{name: edited, from: [staff], to: [edited%d.example], action: block}]\n"


class Control:
    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.answers = self.socket.makefile("r")

    def status(self) -> dict:
        self.socket.sendall(b'{"command": "status"}\n')
        return json.loads(self.answers.readline())["policy"]


def save(path: Path, text: str) -> float:
    """In place of what is there, in one step, as editors do. Returns when."""
    temporary = path.with_name("." + path.name)
    temporary.write_text(text)
    os.sync()  # what this bench wrote must not be in the way of what control writes
    began = time.monotonic()
    os.rename(temporary, path)
    return began


def enforced_after(control: Control, path: Path, text: str, names: int) -> float:
    """Milliseconds. names: that the policy then has in all."""
    before = control.status()["generation"]
    began = save(path, text)
    while time.monotonic() < began + MOST_S:
        policy = control.status()
        if policy["generation"] > before and policy["enforced"] and policy["names"] == names:
            return (time.monotonic() - began) * 1000
        time.sleep(0.001)
    sys.exit(f"enforced.py: not in force after {MOST_S} s: {policy}")


def text_of(times: list[float]) -> str:
    return f"{statistics.median(times):.0f} ({min(times):.0f}, {max(times):.0f})"


def main() -> None:
    policies, path, write_names, count = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
    control = Control(path)
    many = subprocess.run([write_names, count], check=True, capture_output=True, text=True).stdout
    save(policies / "many.names", many)
    save(policies / "90-many.yaml", POLICY)
    subprocess.run(["build/control/sluicectl", "--socket", path, "apply", "--reason", "bench"], check=True, stdout=subprocess.DEVNULL)
    names = control.status()["names"]
    lists, rules = [], []
    for change in range(1, CHANGES + 1):
        time.sleep(SETTLED_S)
        many += f"changed{change}.example\n"
        lists.append(enforced_after(control, policies / "many.names", many, names + change))
    names += CHANGES
    for change in range(CHANGES + 1):
        time.sleep(SETTLED_S)
        rules.append(enforced_after(control, policies / "91-edited.yaml", RULE % change, names + 1))
    # The first one adds a file and meets a list that has only now settled.
    print(f"{int(count):9,} | {text_of(lists)} | {text_of(rules[1:])}", flush=True)


if __name__ == "__main__":
    main()
