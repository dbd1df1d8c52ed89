#!/usr/bin/python3
# evasion: plays every trick with the blocked name and its honest twin with an open one; says what the servers saw.
"""battery.py [--only NAME]... [--list] [--bare]: runs in the lab of tests/evasion/run"""
import argparse
import asyncio
import os
import sys
import time
import traceback
from pathlib import Path

import trick
import wire
from client import BLOCKED, LONGEST_S, Lan, OPEN, Play
from evidence import Evidence
from far_side import FarSide

AT_ONCE = 24


async def play_one(twin: Play, function, gate: asyncio.Semaphore) -> None:
    async with gate:
        try:
            await asyncio.wait_for(function(twin), LONGEST_S)
        except asyncio.TimeoutError:
            twin.outcome = "no end"
        except Exception:
            twin.outcome = "broken: " + traceback.format_exc().strip().splitlines()[-1]
            if os.environ.get("EVASION_TRACE"):
                traceback.print_exc()


async def play_all(chosen: list[trick.Trick], lab: str) -> tuple[list[tuple[Play, Play]], FarSide]:
    far = FarSide(lab)
    lan = Lan(wire.Port(f"{lab}-lan", "to-gw"))
    gate = asyncio.Semaphore(AT_ONCE)
    number = 0
    await bind(lan)
    pairs, running = [], []
    for one in chosen:
        pair = tuple(Play(lan, number + blocked, bool(blocked), bool(one.twin)) for blocked in (0, 1))
        number += 2
        for twin in pair:
            twin.far = far
        pairs.append(pair)
        running += [play_one(twin, one.play, gate) for twin in pair]
    await asyncio.gather(*running)
    return pairs, far


async def bind(lan: Lan) -> None:
    """The office's resolver asks for the open name, so that the server's address is bound to it."""
    from tricks.dns import ask, question
    resolver = Play(lan, 0, False, False)
    resolver.address = "10.20.0.10"
    await ask(resolver, question(OPEN))


def seen(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/evasion/run")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--bare", action="store_true")
    options = parser.parse_args()
    chosen = [one for one in trick.load() if not options.only or any(word in one.name for word in options.only)]
    if options.list:
        for one in chosen:
            print(f"{one.name:36} {one.words}")
        print(f"{len(chosen)} tricks")
        return 0
    began = time.monotonic()
    lab = os.environ["LAB"]
    pairs, far = asyncio.run(play_all(chosen, lab))
    evidence = Evidence(Path(f"/run/{lab}"))
    honest = [pair[0] for pair in pairs if pair[0].outcome == "served"]
    evidence.read_until(lambda names: all(one.address in names or one.address6 in names for one in honest))
    held = served = 0
    print(f"{'':5}{'trick':36}{'blocked: server saw':24}{'client got':14}{'honest twin':14}")
    for one, (good, bad) in zip(chosen, pairs):
        saw = evidence.names[bad.address] | evidence.names[bad.address6] | far.names[bad.address]
        asked = evidence.names[good.address] | evidence.names[good.address6] | far.names[good.address]
        is_held = not any(BLOCKED in name for name in saw) and not bad.outcome.startswith(("broken", "no end"))
        is_served = good.outcome == "served" and any(OPEN in name for name in asked)
        held, served = held + is_held, served + is_served
        mark = "ok" if is_held and is_served else "not ok"
        print(f"{mark} - {one.name:36}{seen(saw)[:23]:24}{bad.outcome[:40]:14}{good.outcome[:60]:14}{one.words}")
    print(f"{len(chosen)} tricks, {held} held, {served} honest twins served ({time.monotonic() - began:.0f} s)")
    return 0 if chosen and held == served == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
