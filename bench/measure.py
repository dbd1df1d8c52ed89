# bench: what is measured, one function for each part; each adds figures to a dictionary, by name.
import itertools
from pathlib import Path

import programs
from programs import forward, say, testpmd
from results import figure

LOOPED = {"loop64": "64 bytes", "loopmix": "64, 576 and 1,500 bytes"}
CHECKED = ("imix", "data64", "hs", "tls", "quic", "dns", "http", "http11", "kept")
CHECKED_FLOWS, BLOCKED_PERCENT = 2000, 10
RING_PORTS = ["net_ring0", "net_ring1"]
SHAPES_QUICK_FLOWS = 5000


def check_verdicts(folder: Path) -> int:
    """What comes of each shape's captures, some of whose flows are blocked, must be what was said when they were made."""
    checked = 0
    for made in programs.captures(folder, "--flows", CHECKED_FLOWS, "--blocked", BLOCKED_PERCENT, *CHECKED):
        wanted = {"allowed": made["allowed"], "blocked": made["blocked"]}
        if (got := programs.replay(folder, made["shape"])) != wanted:
            raise SystemExit(f"bench: wrong verdicts are not timed: {made['shape']}: {got}, not {wanted}")
        checked += sum(wanted.values())
    return checked


def _spread(rounds: list[dict[str, float]], into: dict, prefix: str) -> None:
    for name in rounds[0]:
        into[f"{prefix}/{name}"] = figure([each[name] for each in rounds])


def looped(folder: Path, figures: dict, rounds: int, quick: bool) -> None:
    """Decided flows on ports that play a capture from memory in a loop, in turns with dpdk-testpmd."""
    seconds = 1.0 if quick else 2.0
    programs.captures(folder, *LOOPED)
    for shape in LOOPED:
        ports, got = programs.looped_ports(folder, shape), []
        for number in range(rounds):
            say(f"looped capture, {LOOPED[shape]}: round {number + 1} of {rounds}")
            sluice = forward(folder, seconds, *itertools.chain(["--vdev"], ports))["ns_per_packet"]
            macswap = testpmd("macswap", ports, seconds)
            got.append({"sluice": sluice, "testpmd macswap": macswap, "ratio": sluice / macswap})
            if not quick:
                got[-1]["testpmd io"] = testpmd("io", ports, seconds)
        _spread(got, figures, shape)


def rings(folder: Path, figures: dict, rounds: int, quick: bool) -> None:
    """Decided flows, touched at random, on ring ports; the reference swaps addresses of the same packets, in the same
    process."""
    seconds = 0.5 if quick else 1.0
    sizes = {"64": []} if quick else {"64": [], "mix": ["--mixed"]}
    bare = []
    for (size, options), flows in itertools.product(sizes.items(), (1000, 1_000_000)):
        got = []
        for number in range(rounds):
            say(f"ring ports, {size}, {flows:,} flows: round {number + 1} of {rounds}")
            of = forward(folder, seconds, "--rings", flows, *options)
            got.append({"sluice": of["ns_per_packet"], "macswap": of["swap_ns"],
                        "above": of["ns_per_packet"] - of["swap_ns"]})
            bare.append(of["bare_swap_ns"])
        _spread(got, figures, f"rings{size}/{flows}")
    figures["rings/bare macswap"] = figure(bare)
    say("ring ports: dpdk-testpmd")
    figures["rings/testpmd macswap"] = figure([testpmd("macswap", RING_PORTS, 1.0, "--tx-first")
                                               for _ in range(1 if quick else rounds)])


def _add(figures: dict, name: str, median: float, least: float, most: float) -> None:
    figures[name] = {"median": median, "least": least, "most": most}


def shapes(figures: dict, rounds: int, quick: bool) -> None:
    """The way through the rooms alone."""
    say("shapes of traffic, without ports")
    few = ["--flows", SHAPES_QUICK_FLOWS] if quick else []
    for blocked in (0, BLOCKED_PERCENT):
        for of in programs.rows([programs.BUILT / "bench/bench-pipeline", "--json", "--rounds", rounds, *few,
                                 "--blocked", blocked]):
            name = f"shape/{of['shape']}" + ("/blocked" if blocked else "")
            _add(figures, f"{name}/packet", of["packet_ns"], of["least_ns"], of["most_ns"])
            share = of["packets"] / of["flows"]
            _add(figures, f"{name}/flow", of["flow_ns"], of["least_ns"] * share, of["most_ns"] * share)


def scale(figures: dict, rounds: int, quick: bool) -> None:
    say("names, rules, networks and flows")
    for of in programs.rows([programs.BUILT / "bench/bench-scale", "--rounds", rounds, *(["--quick"] if quick else [])]):
        name = f"scale/{of['of']}/{of['count']}"
        for what in ("packet", "flow"):
            if f"{what}_ns" in of:
                figures[f"{name}/{what}"] = of[f"{what}_ns"]
        for what in ("table_bytes_a_flow", "used_bytes_a_flow", "bytes_a_name"):
            if what in of:
                _add(figures, f"{name}/{what}", of[what], of[what], of[what])


def workers(folder: Path, figures: dict, rounds: int, quick: bool) -> None:
    """One worker's load, two workers', and two that get nothing but each other's packets."""
    seconds, flows = (0.5 if quick else 1.0), ["--rings", 1000]
    got = []
    for number in range(rounds):
        say(f"workers: round {number + 1} of {rounds}")
        one = forward(folder, seconds, *flows)["ns_per_packet"]
        two = forward(folder, seconds, *flows, "--workers", 2)
        elsewhere = forward(folder, seconds, *flows, "--workers", 2, "--elsewhere")
        got.append({"one": one, "two": two["ns_per_packet"], "gain": one / two["ns_per_packet"],
                    "hand-over": elsewhere["cpu_ns_per_packet"] - two["cpu_ns_per_packet"]})
    _spread(got, figures, "workers")


def rooms(figures: dict, rounds: int, quick: bool) -> None:
    for program in ("bench-extract", "bench-rooms"):
        say(program)
        for name, values in programs.google(program, 0.02 if quick else 0.2, rounds).items():
            figures[f"rooms/{name}"] = figure(values)


def suricata(folder: Path, figures: dict, rounds: int, quick: bool) -> None:
    """Processor time a packet, the capture's reading included, the start taken off; where it is installed."""
    flows = ["--flows", SHAPES_QUICK_FLOWS] if quick else []
    for made in programs.captures(folder, *flows, "imix", "data64", "hs", "tls", "quic", "dns", "http"):
        got = []
        for number in range(rounds):
            say(f"suricata, {made['shape']}: round {number + 1} of {rounds}")
            start = programs.suricata(folder, None)
            got.append((programs.suricata(folder, made["shape"]) - start) * 1e9 / made["packets"])
        figures[f"suricata/{made['shape']}/packet"] = figure(got)
