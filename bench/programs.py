# bench: runs the programs that are measured, and gives their figures.
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / "build"
BUFFERS = 131072  # net_pcap keeps the whole capture in them
MOST_S = 600
_running: set[subprocess.Popen] = set()


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _forget(process: subprocess.Popen) -> None:
    """DPDK leaves a directory behind where its program is killed."""
    _running.discard(process)
    for base in ("/var/run", os.environ.get("XDG_RUNTIME_DIR", "/tmp")):
        for prefix in ("sluice-", "sluice-test-"):
            shutil.rmtree(Path(base) / "dpdk" / f"{prefix}{process.pid}", ignore_errors=True)


def stop_all() -> None:
    for process in list(_running):
        process.kill()
        process.wait()
        _forget(process)


def run(command: list, seconds: float = MOST_S) -> str:
    """Standard output; ends this program where that one fails, as nothing wrong is timed."""
    words = [str(word) for word in command]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    _running.add(process)
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise SystemExit(f"bench: not done after {seconds:.0f} s: {' '.join(words)}") from None
    finally:
        if process.poll() is not None:
            _forget(process)
    if process.returncode:
        raise SystemExit(f"bench: {' '.join(words)} ended with {process.returncode}:\n{errors[-2000:]}")
    return output


def rows(command: list) -> list[dict]:
    """Of a program that prints an object a line."""
    return [json.loads(line) for line in run(command).splitlines()]


def build(*targets: str) -> None:
    wanted = [word for target in targets for word in ("-t", target)]
    subprocess.run([ROOT / "deploy/build", *wanted], check=True, stdout=sys.stderr)


def captures(folder: Path, *options: str) -> list[dict]:
    return rows([BUILT / "bench/bench-captures", folder, *options])


def looped_ports(folder: Path, shape: str) -> list[str]:
    return [f"net_pcap{number},rx_pcap={folder}/{shape}-{side}.pcap,infinite_rx=1"
            for number, side in enumerate(("lan", "line"))]


def forward(folder: Path, seconds: float, *options) -> dict:
    """The gateway's data plane. What it says of verdicts it has checked."""
    command = [BUILT / "bench/bench-forward", "--policy", folder / "policy", "--seconds", seconds, *options]
    return rows(command)[-1]


def testpmd(mode: str, ports: list[str], seconds: float, *options: str) -> float:
    """Nanoseconds a packet, from its statistics, one a second."""
    cores = "0,1" if (os.cpu_count() or 1) > 1 else "0"
    command = ["dpdk-testpmd", "-l", cores, "--no-huge", "-m", "768", "--no-pci", "--no-shconf",
               f"--file-prefix=sluice-testpmd-{os.getpid()}"]
    command += [word for port in ports for word in ("--vdev", port)]
    command += ["--", f"--forward-mode={mode}", f"--total-num-mbufs={BUFFERS}", "--stats-period", "1", *options]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        _running.add(process)
        try:
            time.sleep(seconds + 2.5)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _forget(process)
            shutil.rmtree(f"/var/run/dpdk/sluice-testpmd-{os.getpid()}", ignore_errors=True)
        output.seek(0)
        text = output.read()
    of_ports = [int(rate) for rate in re.findall(r"Rx-pps:\s+(\d+)", text)]
    rates = [sum(both) for both in zip(of_ports[::2], of_ports[1::2])]
    if len(rates) < 2 or not all(rates[1:]):
        raise SystemExit(f"bench: dpdk-testpmd gave no figures:\n{text[-2000:]}")
    return 1e9 / statistics.median(rates[1:])  # the first second is its start


def replay(folder: Path, shape: str) -> dict:
    """How many accesses sluice-replay allows and blocks."""
    said = subprocess.run([BUILT / "dataplane/replay/sluice-replay", "--policy", folder / "policy", "--lan", "10.20.0.0/16",
                           "--checksums", folder / f"{shape}.pcap"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, check=True).stderr
    found = re.search(r"records: allowed (\d+), blocked (\d+), observed (\d+)", said)
    if not found or found[3] != "0":
        raise SystemExit(f"bench: sluice-replay says: {said}")
    return {"allowed": int(found[1]), "blocked": int(found[2])}


def google(program: str, seconds: float, rounds: int) -> dict[str, list[float]]:
    """A Google Benchmark program's figures: nanoseconds, of each round."""
    text = run([BUILT / "bench" / program, "--benchmark_format=json", f"--benchmark_min_time={seconds}",
                f"--benchmark_repetitions={rounds}"])
    out: dict[str, list[float]] = {}
    for found in json.loads(text[text.index("{"):text.rindex("}") + 1])["benchmarks"]:
        if found["run_type"] == "iteration":
            # A look-up of a burst tells how many there were.
            each = 1e9 / found["items_per_second"] if "items_per_second" in found else found["cpu_time"]
            out.setdefault(found["run_name"], []).append(each)
    return out


SURICATA_RULES = """\
alert tls any any -> any any (msg:"listed"; tls.sni; dataset:isset,listed,type string,load listed.base64; sid:1;)
alert http any any -> any any (msg:"listed"; http.host; dataset:isset,listed,type string,load listed.base64; sid:2;)
alert dns any any -> any any (msg:"listed"; dns.query; dataset:isset,listed,type string,load listed.base64; sid:3;)
alert quic any any -> any any (msg:"listed"; quic.sni; dataset:isset,listed,type string,load listed.base64; sid:4;)
"""


def suricata_version() -> str | None:
    if shutil.which("suricata") is None:
        return None
    said = subprocess.run(["suricata", "-V"], capture_output=True, text=True).stdout
    found = re.search(r"version (\S+)", said)
    return found[1] if found else "unknown"


def suricata(folder: Path, shape: str | None) -> float:
    """Seconds of processor time for a capture; of the start alone where shape is None."""
    import base64
    import resource
    listed = (folder / "policy/listed.names").read_text().split()
    (folder / "listed.base64").write_text("".join(base64.b64encode(name.encode()).decode() + "\n" for name in listed))
    # Before version 7 there is no quic.sni.
    rules = SURICATA_RULES if int((suricata_version() or "0").split(".")[0]) >= 7 else SURICATA_RULES.rsplit("alert quic")[0]
    (folder / "listed.rules").write_text(rules)
    capture = folder / f"{shape or 'nothing'}.pcap"
    if shape is None:
        capture.write_bytes((folder / "dns.pcap").read_bytes()[:24])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as logs:
        run(["suricata", "--runmode", "single", "-r", capture, "-S", folder / "listed.rules", "-l", logs, "-k", "none",
             "--data-dir", folder, "--set", "app-layer.protocols.tls.encryption-handling=bypass",
             "--set", "stream.bypass=yes", "--set", "outputs.1.eve-log.enabled=no", "--set", "stats.enabled=no"])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
