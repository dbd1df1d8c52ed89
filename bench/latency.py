#!/usr/bin/env python3
# bench: one table of what bench/latency has measured.
"""latency.py RINGS LIVE: RINGS holds what bench-latency has printed, LIVE a line for each ping: pair, who, kind, value

Waits are compared with those of a bare loop on the same core, window by window: the gateway's are more than the
machine's where hardly any exchange of the two within the pairs of windows would show as large a difference."""
import json
import random
import statistics
import sys
from collections import Counter, defaultdict
from pathlib import Path

from results import GREEN, RED, print_table

HEADER = ["", "p50", "p99", "p99.9", "p99.99", "longest", "over 100 µs a s", "bare loop: longest", "over 100 µs a s", "wanted"]
LONG_NS, GOAL_P99_NS = 100_000, 10_000
SURE = 0.01  # all scenes are well, and one of them is called worse, as seldom as this
EXCHANGES = 20_000
KINDS = {"fast": "500 pings a second", "slow": "10 a second"}


def quantile(counts: Counter, share: float) -> int:
    """The bound, in ns, that so large a share of what was counted does not exceed."""
    within, wanted = 0, share * counts.total()
    for bound in sorted(counts):
        within += counts[bound]
        if within >= wanted:
            return bound
    return 0


def microseconds(ns: float) -> str:
    return f"{ns / 1000:,.{2 if ns < 10_000 else 1 if ns < 1_000_000 else 0}f}"


def chance_of(differences: list[float]) -> float:
    """How probable a sum as large is, were the two of each pair exchanged at random."""
    wanted, chance, as_large = sum(differences), random.Random(1), 0
    for _ in range(EXCHANGES):
        as_large += sum(each if chance.random() < 0.5 else -each for each in differences) >= wanted - 1e-9
    return as_large / EXCHANGES


class Windows:
    """Of one loop in one scene."""
    def __init__(self) -> None:
        self.turns, self.packets, self.rates, self.times, self.seconds = Counter(), Counter(), [], 0, 0.0

    def add(self, window: dict) -> None:
        turns = Counter(dict(window["turns"]))
        self.turns += turns
        self.packets += Counter(dict(window["packets"]))
        self.rates.append(sum(count for bound, count in turns.items() if bound > LONG_NS) / window["seconds"])
        self.times += window["times"]
        self.seconds += window["seconds"]


class Rows:
    def __init__(self) -> None:
        self.rows, self.colours = [], []

    def heading(self, text: str) -> None:
        self.rows.append([text])
        self.colours.append(None)

    def add(self, label: str, cells: list[str], met: bool | None = None) -> None:
        self.rows.append(["  " + label, *cells])
        self.colours.append({None: None, True: GREEN, False: RED}[met])


def rings(path: Path, table: Rows) -> bool:
    scenes: dict[str, dict[str, Windows]] = defaultdict(lambda: defaultdict(Windows))
    for line in path.read_text().splitlines():
        window = json.loads(line)
        scenes[window["scene"]][window["loop"]].add(window)
    if not scenes:
        return True
    rounds = len(next(iter(scenes.values()))["bare"].rates)
    table.heading(f"ring ports, {rounds} windows of each in turns with a bare loop's: packets in the gateway's hands; its loop's turns. µs")
    all_met = True
    for name, loops in scenes.items():
        gateway, bare = loops["gateway"], loops["bare"]
        chance = chance_of([one - other for one, other in zip(gateway.rates, bare.rates)])
        met = chance >= SURE / len(scenes)
        wanted = "no more waits" + (" ok" if met else f" NO: chance {chance:.4f}")
        if name == "undisturbed":
            in_time = quantile(gateway.packets, 0.99) <= GOAL_P99_NS
            wanted = f"p99 {GOAL_P99_NS // 1000} {'ok' if in_time else 'NO'}, " + wanted
            met = met and in_time
        all_met &= met
        rates = [f"{statistics.mean(of.rates):.1f} ({min(of.rates):.0f}, {max(of.rates):.0f})" for of in (gateway, bare)]
        table.add(name + (f", {gateway.times:,} times" if gateway.times else ""),
                  [*(microseconds(quantile(gateway.packets, share)) for share in (0.5, 0.99, 0.999, 0.9999)),
                   microseconds(max(gateway.turns)), rates[0], microseconds(max(bare.turns)), rates[1], wanted], met)
    return all_met


def spread(of: list[float]) -> str:
    return f"{statistics.median(of):,.0f} ({min(of):,.0f}, {max(of):,.0f})"


def live(path: Path, table: Rows) -> bool:
    pings: dict = defaultdict(lambda: defaultdict(list))
    idle = defaultdict(list)
    for line in path.read_text().splitlines():
        pair, who, kind, value = line.split()
        if kind == "idle":
            idle[who].append(float(value))
        else:
            pings[who, kind][int(pair)].append(float(value) * 1000)
    if not idle:
        return True
    pairs = len(pings["testpmd", "fast"])
    table.heading(f"ping over veth, {pairs} times in turns: µs, medians (least, most)")
    all_met = True
    for kind, words in KINDS.items():
        figures = {}
        for who in idle:
            runs = [sorted(run) for _, run in sorted(pings[who, kind].items())]
            figures[who] = [[run[min(int(len(run) * share), len(run) - 1)] for run in runs] for share in (0.5, 0.99)]
            table.add(f"{who}, {words}", [*map(spread, figures[who]), "", "", f"{max(map(max, runs)):,.0f}", "", "", "",
                                          f"idle: {statistics.median(idle[who]):.0f} % of a core"])
        # One that sleeps between packets is not what testpmd is, and does not run in each pair.
        reference = figures["testpmd"]
        differences = [[one - other for one, other in zip(*both)] for both in zip(figures["spinning"], reference)]
        own = [max(of) - min(of) for of in reference]
        met = all(statistics.median(of) <= most for of, most in zip(differences, own))
        all_met &= met
        table.add("spinning - testpmd, of each pair", [*map(spread, differences), *[""] * 6,
                  f"at most testpmd's own spread: {own[0]:,.0f}, {own[1]:,.0f} {'ok' if met else 'NO'}"], met)
    return all_met


def main() -> None:
    table = Rows()
    met = [rings(Path(sys.argv[1]), table), live(Path(sys.argv[2]), table)]
    print_table(HEADER, table.rows, table.colours)
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
