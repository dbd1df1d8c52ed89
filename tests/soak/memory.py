# soak: memory and file descriptors of every process of the gateway, looked at each few seconds, and whether they grew.
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import gateway

EVERY_S = 2.0
# PSS: what is shared counts once. A restart shortens lives, so that most of what is compared is of a process some minutes old.
MOST_GROWTH_KB = {"dataplane": 4096, "control": 8192, "compile": 8192}
MOST_MORE_FDS = 0  # than in the second quarter; the count seen most often is that of like moments: all there, nobody asking
WARM_S = 60.0  # of a life: allocators, tables and rings reach their size
LONG_LIFE_S = 240.0  # such a life is held against itself, too


@dataclass
class Sample:
    at: float
    pid: int
    pss_kb: int
    fds: int


def look(pid: int) -> Sample | None:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        fds = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return None  # it has just gone
    pss = next((line for line in rollup.splitlines() if line.startswith("Pss:")), None)
    return Sample(time.time(), pid, int(pss.split()[1]), fds) if pss else None


class Sampler(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="memory", daemon=True)
        self.stopped = threading.Event()
        self.samples: dict[str, list[Sample]] = {name: [] for name in MOST_GROWTH_KB}

    def run(self) -> None:
        while not self.stopped.wait(EVERY_S):
            for name in self.samples:
                pid = gateway.compiler_pid() if name == "compile" else gateway.pid_of(name)
                if pid and (sample := look(pid)):
                    self.samples[name].append(sample)

    def text(self) -> str:
        return ", ".join(f"{name} {seen[-1].pss_kb / 1024:.1f} MiB {seen[-1].fds} fds" for name, seen in self.samples.items() if seen)


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
    return Growth(what, seconds, statistics.median(sample.pss_kb for sample in early), statistics.median(sample.pss_kb for sample in late),
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
