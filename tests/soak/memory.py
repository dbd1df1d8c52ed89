# soak: memory and file descriptors of every process of the gateway, looked at each few seconds, and whether they grew.
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import gateway

EVERY_S = 2.0
# RSS: of what is shared PSS has a share, which grows where the other process has just gone.
# A restart shortens lives, so that most of what is compared is of a process some minutes old.
MOST_GROWTH_KB = {"dataplane": 4096, "control": 8192, "compile": 8192}
MOST_MORE_FDS = 0  # than in the second quarter; the count seen most often is that of like moments: all there, nobody asking
WARM_S = 60.0  # of a life: allocators, tables and rings reach their size
LONG_LIFE_S = 240.0  # such a life is held against itself, too


@dataclass
class Sample:
    at: float
    pid: int
    rss_kb: int
    fds: int


def look(pid: int) -> Sample | None:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        fds = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return None  # it has just gone
    rss = next((line for line in rollup.splitlines() if line.startswith("Rss:")), None)
    return Sample(time.time(), pid, int(rss.split()[1]), fds) if rss else None


GIVEN_UP = ("overload", "no-buffer", "tx-full", "handover-full")


class Sampler(threading.Thread):
    """given_up: how many packets the data planes have given up for want of time or room, with the time, from the first one on."""

    def __init__(self, given_up: list[tuple[float, float]]) -> None:
        super().__init__(name="memory", daemon=True)
        self.stopped = threading.Event()
        self.given_up, self.of_this = given_up, 0.0
        self.samples: dict[str, list[Sample]] = {name: [] for name in MOST_GROWTH_KB}

    def run(self) -> None:
        while not self.stopped.wait(EVERY_S):
            for name in self.samples:
                pid = gateway.compiler_pid() if name == "compile" else gateway.pid_of(name)
                if pid and (sample := look(pid)):
                    self.samples[name].append(sample)
            self.look_at_drops()

    def look_at_drops(self) -> None:
        seen = gateway.metrics()
        if not seen.get('sluice_up{process="dataplane"}', 0):
            return
        count = sum(value for series, value in seen.items() if series.startswith("sluice_packets_dropped_total{")
                    and any(f'reason="{reason}"' in series for reason in GIVEN_UP))
        before = self.given_up[-1][1] if self.given_up else 0.0
        # Another data plane counts from zero.
        self.given_up.append((time.time(), before + (count - self.of_this if count >= self.of_this else count)))
        self.of_this = count

    def text(self) -> str:
        return ", ".join(f"{name} {seen[-1].rss_kb / 1024:.1f} MiB {seen[-1].fds} fds" for name, seen in self.samples.items() if seen)


@dataclass
class Growth:
    """The second quarter of a time held against its last one."""
    what: str
    seconds: float
    early_kb: float
    late_kb: float
    early_fds: int
    late_fds: int
    most_kb: int

    @property
    def problem(self) -> str | None:
        if self.late_kb - self.early_kb > self.most_kb:
            return f"{self.what} grows by {self.late_kb - self.early_kb:.0f} kB, and may by {self.most_kb}"
        if self.late_fds - self.early_fds > MOST_MORE_FDS:
            return f"{self.what} holds {self.late_fds - self.early_fds} more file descriptors than before"
        return None


def growth(what: str, samples: list[Sample], most_kb: int) -> Growth | None:
    if not samples:
        return None
    began, seconds = samples[0].at, samples[-1].at - samples[0].at
    early = [sample for sample in samples if 0.25 <= (sample.at - began) / (seconds or 1) < 0.5]
    late = [sample for sample in samples if (sample.at - began) / (seconds or 1) >= 0.75]
    if not early or not late:
        return None
    return Growth(what, seconds, statistics.median(sample.rss_kb for sample in early), statistics.median(sample.rss_kb for sample in late),
                  statistics.mode(sample.fds for sample in early), statistics.mode(sample.fds for sample in late), most_kb)


def growths(samples: dict[str, list[Sample]]) -> list[Growth]:
    """Of each process over the whole run, whoever it was; and of each long life."""
    out = []
    for name, seen in samples.items():
        out.append(growth(name, seen, MOST_GROWTH_KB[name]))
        for pid in dict.fromkeys(sample.pid for sample in seen):
            life = [sample for sample in seen if sample.pid == pid]
            warm = [sample for sample in life if sample.at >= life[0].at + WARM_S]
            if life[-1].at - life[0].at >= LONG_LIFE_S:
                out.append(growth(f"{name}, {life[-1].at - life[0].at:.0f} s of pid {pid}", warm, MOST_GROWTH_KB[name]))
    return [one for one in out if one]
