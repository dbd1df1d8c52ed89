#!/usr/bin/env python3
# smoke: changes a policy and applies it, at a rate.
"""reloads.py POLICIES SOCKET RATE SECONDS NAMES: prints how many changes it saved and applied"""
import json
import os
import socket
import sys
import time
from pathlib import Path

CLIENTS = 16  # so that the next change does not wait for the one before
RULE = "rules: [{name: toggled, from: [staff], to: [toggled%d.example], action: block}]\n"
LIST = "lists: {many: {files: [many.names]}}\nrules: [{name: no-many, to: [many], action: block}]\n"


def put(path: Path, text: str) -> None:
    """In place of what is there, in one step, as editors do."""
    temporary = path.with_name("." + path.name)
    temporary.write_text(text)
    os.rename(temporary, path)


class Changer:
    def __init__(self, policies: Path, names: int) -> None:
        self.policies, self.number = policies, 0
        self.many = "".join(f"name{i}.d{i % 1000}.example\n" for i in range(names))
        if names:
            put(policies / "90-many.yaml", LIST)

    def change(self) -> None:
        self.number += 1
        if self.many:
            put(self.policies / "many.names", self.many + f"changed{self.number}.example\n")
        else:
            put(self.policies / "90-toggle.yaml", RULE % self.number)


class Client:
    """One connection, on which one apply is under way at most."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.answers, self.waits = self.socket.makefile("r"), False

    def apply(self, reason: str) -> None:
        self.take_answer()
        self.socket.sendall(json.dumps({"command": "apply", "reason": reason, "wait": False}).encode() + b"\n")
        self.waits = True

    def take_answer(self) -> None:
        if self.waits and "error" in (answer := json.loads(self.answers.readline())):
            sys.exit(f"{answer['error']}: {answer.get('diagnostics')}")
        self.waits = False


def main() -> None:
    policies, path, rate, seconds, names = sys.argv[1:]
    changer = Changer(Path(policies), int(names))
    clients = [Client(path) for _ in range(CLIENTS)]
    begin, saved = time.monotonic(), 0
    while (now := time.monotonic()) < begin + float(seconds):
        due = begin + saved / float(rate)
        if due > now:
            time.sleep(due - now)
            continue
        changer.change()
        clients[saved % CLIENTS].apply(f"change {saved}")
        saved += 1
    for client in clients:
        client.take_answer()
    print(f"{saved} changes saved and applied")


if __name__ == "__main__":
    main()
