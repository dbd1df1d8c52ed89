#!/usr/bin/env python3
# soak: clients go on and on while the gateway is reloaded, killed, cut off and stalled; everything that was wrong is counted.
"""soak.py --minutes N --seed N [--plan]: runs in the lab of tests/soak/run; exit 1 where anything was wrong."""
import argparse
import collections
import signal
import sys
import threading
import time

import events
import log_check
import memory
from clients import KINDS, Access, Client
from events import Doer
from gateway import Broken, end, metrics, pid_of, save, start_control, start_dataplane
from timeline import Timeline, problem_of

PROGRESS_S = 10.0
JUDGED_AFTER_S = 5.0  # by then it is known what was in force
LAST_WORDS_S = 50.0  # clients come to their end
STOPS_S = 20.0  # control
QUIET_S = 20.0  # the rings are read to their end
MOST_SHOWN = 20  # of what was wrong, of the first and of the last, which memory and log found


class Soak:
    def __init__(self, seed: int, minutes: float) -> None:
        self.seconds, self.seed = minutes * 60, seed
        self.first, self.events = events.plan(seed, self.seconds - events.PAUSE_S[1])
        self.timeline, self.trouble = Timeline(self.first), []
        self.doer, self.sampler = Doer(self.timeline, self.trouble), memory.Sampler(self.timeline.given_up)
        self.done: list[Access] = []
        self.clients = [Client(kind, seed, self.done) for kind in KINDS]
        self.judged = 0
        self.rows: dict[str, collections.Counter] = {kind.name: collections.Counter() for kind in KINDS}
        self.began = time.monotonic()
        self.stopped = threading.Event()

    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def say(self, text: str) -> None:
        print(f"[{self.elapsed():6.0f} s] {text}", flush=True)

    def judge(self, before: float) -> None:
        """Of the accesses that ended before then, in the order in which they ended."""
        while self.judged < len(self.done) and self.done[self.judged].ended < before:
            access = self.done[self.judged]
            self.judged += 1
            row = self.rows[access.client]
            row["accesses"] += 1
            row["page" if access.outcome.kind == "page" else "refused" if access.outcome.kind in log_check.REFUSED else "neither"] += 1
            both = len({verdict.passes for verdict in self.timeline.verdicts(access)}) > 1
            row["both right"] += both
            row["disturbed"] += self.timeline.disturbed(access.began, access.ended)
            if problem := problem_of(access, self.timeline):
                row["wrong"] += 1
                self.trouble.append(f"{access.client}, {access.namespace}, {access.name or access.address}, at {access.began:.3f} for"
                                    f" {access.ended - access.began:.2f} s: {problem}")
                self.say(f"WRONG: {self.trouble[-1]}")

    def progress(self) -> None:
        while not self.stopped.wait(PROGRESS_S):
            self.judge(time.time() - JUDGED_AFTER_S)
            kills = sum(len(took) for kind, took in self.doer.took.items() if kind in events.DEADLY)
            others = sum(len(took) for kind, took in self.doer.took.items() if kind.startswith(("flap", "stall", "disk")))
            self.say(f"{self.judged:,} accesses, {len(self.trouble)} wrong; {self.doer.enforced} reloads, {kills} kills and restarts,"
                     f" {others} flaps, stalls and full disks; {self.sampler.text()}")

    def run(self) -> None:
        save(self.first.text())
        start_dataplane()
        start_control()
        self.began = time.monotonic()
        self.sampler.start()
        for client in self.clients:
            client.start()
        progress = threading.Thread(target=self.progress, daemon=True)
        progress.start()
        try:
            for event in self.events:
                time.sleep(max(0.0, event.at_s - self.elapsed()))
                self.say(f"event {event.text()}")
                self.doer.do(event)
            time.sleep(max(0.0, self.seconds - self.elapsed()))
        except Broken as broken:
            self.trouble.append(f"at {self.elapsed():.0f} s: {broken}")
            self.say(f"BROKEN: {broken}")
        for client in self.clients:
            client.stopped.set()
        for client in self.clients:
            client.join(LAST_WORDS_S)
        self.stopped.set()
        progress.join()
        self.sampler.stopped.set()
        self.sampler.join()
        self.judge(time.time())

    def numbered(self) -> None:
        """When nobody asks any more, the rings are read to their end, and nothing was refused a place in them."""
        until = time.monotonic() + QUIET_S
        while (seen := metrics()).get("sluice_ring_used_slots", 1) and time.monotonic() < until:
            time.sleep(0.5)
        if seen.get("sluice_ring_used_slots", 1):
            self.trouble.append(f"the ring does not empty within {QUIET_S:.0f} s")
        for series in ("sluice_records_lost_total", "sluice_log_malformed_slots_total", "sluice_log_unnamed_records_total"):
            if seen.get(series, 0):
                self.trouble.append(f"{series} is {seen[series]:.0f}")
        if pid_of("control"):
            end("control", signal.SIGTERM, STOPS_S)  # so that nobody writes while the log is read

    def summary(self) -> None:
        print(f"\nseed {self.seed}, {self.elapsed() / 60:.1f} minutes")
        print(f"\n{'client':24} {'accesses':>9} {'page':>8} {'refused':>8} {'neither':>8} {'disturbed':>9} {'two right':>9} {'wrong':>6}")
        total: collections.Counter = collections.Counter()
        for name, row in [*self.rows.items(), ("all", total)]:
            total.update(row if row is not total else {})
            print(f"{name:24} {row['accesses']:9,} {row['page']:8,} {row['refused']:8,} {row['neither']:8,} {row['disturbed']:9,}"
                  f" {row['both right']:9,} {row['wrong']:6,}")
        print(f"\n{'event':27} {'times':>6} {'longest, s':>10}")
        for kind in events.WEIGHTS:
            took = self.doer.took.get(kind, [])
            print(f"{kind:27} {len(took):6} {max(took, default=0):10.2f}")
        given_up = self.timeline.given_up[-1][1] if self.timeline.given_up else 0
        print(f"\npackets that were given up for want of time or room: {given_up:,.0f}")
        self.summary_of_memory()
        self.summary_of_log()

    def summary_of_memory(self) -> None:
        print(f"\n{'memory, and descriptors':36} {'2nd quarter':>18} {'last quarter':>18} {'grew, kB':>9} {'bound':>6}")
        for grown in memory.growths(self.sampler.samples):
            print(f"{grown.what:36} {grown.early_kb:9,.0f} kB {grown.early_fds:5} {grown.late_kb:9,.0f} kB {grown.late_fds:5}"
                  f" {grown.late_kb - grown.early_kb:9,.0f} {grown.most_kb:6,}")
            if grown.problem:
                self.trouble.append(grown.problem)

    def summary_of_log(self) -> None:
        policies = [self.first, *(policy for event in self.events for policy in event.policies)]
        check = log_check.LogCheck(self.done, KINDS, policies, self.timeline)
        check.run()
        whole, said = log_check.verify()
        print("\nlog: " + ", ".join(f"{count:,} {what}" for what, count in check.counts.items()))
        print("".join(f"    {line}\n" for line in said.splitlines()), end="")
        self.trouble += check.problems
        if not whole:
            self.trouble.append("the log is not whole")

    def verdict(self) -> int:
        left_out = max(0, len(self.trouble) - 2 * MOST_SHOWN)
        for trouble in [*self.trouble[:MOST_SHOWN], *([f"… and {left_out} more"] if left_out else []), *self.trouble[MOST_SHOWN:][-MOST_SHOWN:]]:
            print(f"wrong: {trouble}")
        print(f"{len(self.trouble)} wrong" if self.trouble else "nothing was wrong")
        return 1 if self.trouble else 0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--plan", action="store_true", help="print what would happen, and end")
    options = parser.parse_args()
    soak = Soak(options.seed, options.minutes)
    if options.plan:
        for event in soak.events:
            print(event.text())
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    soak.run()
    soak.numbered()
    soak.summary()
    return soak.verdict()


if __name__ == "__main__":
    sys.exit(main())
