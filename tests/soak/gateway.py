# soak: the gateway's two daemons: started, stopped, killed, asked.
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy/demo.d"))
from visits import DIR, LAB  # noqa: E402

BUILD = os.environ["LAB_BUILD"]
CTL = [f"{BUILD}/control/sluicectl", "--socket", str(DIR / "api.sock")]
# Small: it is to have been once around within the first minute, for what a ring has touched counts as memory.
RING_MB = 1
GONE_S = 5
APPLY_S = 60


class Broken(Exception):
    """The gateway does not do what the soak cannot do without."""


def lab(command: str, timeout_s: float = 60) -> None:
    done = subprocess.run(["bash", "-c", f"source deploy/demo.d/lab.sh; {command}"], cwd=ROOT, capture_output=True, text=True,
                          timeout=timeout_s, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Broken(f"{command}: {(done.stderr or done.stdout).strip()[-600:]}")


def pid_of(name: str) -> int | None:
    try:
        return int((DIR / f"{name}.pid").read_text())
    except (OSError, ValueError):
        return None


def compiler_pid() -> int | None:
    """sluice-compile is a child of control's."""
    control = pid_of("control")
    try:
        threads = Path(f"/proc/{control}/task").iterdir()
        children = " ".join((thread / "children").read_text() for thread in threads).split()
        return next((int(child) for child in children if "compile" in Path(f"/proc/{child}/comm").read_text()), None)
    except OSError:
        return None


def send(name: str, number: int) -> None:
    if (pid := pid_of(name)) is not None:
        os.kill(pid, number)


def gone(pid: int) -> bool:
    """A process whose first thread is a zombie may still hold files in the others."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return len(threads) == 1 and state == "Z"


def end(name: str, number: int = signal.SIGKILL, within_s: float = GONE_S) -> None:
    pid = pid_of(name)
    if pid is None:
        raise Broken(f"{name} is not there")
    os.kill(pid, number)
    until = time.monotonic() + within_s
    while not gone(pid):
        if time.monotonic() > until:
            raise Broken(f"{name} is still there {within_s:.0f} s after signal {number}")
        time.sleep(0.005)
    (DIR / f"{name}.pid").unlink()


def start_dataplane() -> None:
    (DIR / "dataplane.sock").unlink(missing_ok=True)  # by it the lab sees that it is there
    lab(f"lab_gateway_start --ring-mb {RING_MB}")


def start_control() -> None:
    lab('lab_control_start "$LAB_DIR/policies"')


def save(text: str) -> None:
    """In place of what is there, in one step, as editors do."""
    file = DIR / "policies/soak.yaml"
    file.with_name(".soak.new").write_text(text)
    os.rename(file.with_name(".soak.new"), file)


def apply_command(reason: str) -> list[str]:
    return [*CTL, "apply", "--wait", "--no-preview", "--json", "--reason", reason]


def apply(reason: str) -> str | None:
    """Returns what was wrong; None: it is in force."""
    try:
        done = subprocess.run(apply_command(reason), capture_output=True, text=True, timeout=APPLY_S, stdin=subprocess.DEVNULL)
        said = json.loads(done.stdout or "{}")
    except (subprocess.TimeoutExpired, ValueError) as error:
        return str(error)
    return None if done.returncode == 0 and said.get("enforced") else (done.stderr or done.stdout).strip()[-300:]


def history() -> list[dict]:
    """Every generation that the history's file tells of, with why it was enforced."""
    return [json.loads(line) for line in (DIR / "control/history.jsonl").read_text().splitlines()]


def metrics() -> dict[str, float]:
    """Each series, and under its name alone the sum over its labels."""
    done = subprocess.run(["bash", "-c", "source deploy/demo.d/lab.sh; lab_metrics"], cwd=ROOT, capture_output=True, text=True, timeout=20)
    sums: dict[str, float] = {}
    for line in done.stdout.splitlines():
        if line and not line.startswith("#"):
            series, value = line.rsplit(" ", 1)
            name = series.split("{")[0]
            sums[series] = float(value)
            if name != series:
                sums[name] = sums.get(name, 0) + float(value)
    return sums


def packets_at_line() -> int:
    """What has come out of the gateway's line port, as its far end counts it."""
    for line in Path(f"/proc/{pid_of('nginx')}/net/dev").read_text().splitlines():
        if line.strip().startswith("eth0:"):
            return int(line.split(":")[1].split()[1])
    raise Broken("no eth0 on the line")
