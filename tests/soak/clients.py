# soak: the clients: programs that people use, each asking on and on for names of its own, and what each of them got.
import itertools
import json
import os
import random
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway import DIR, LAB
from model import ADDRESS, DOMAINS, IPERF
from visits import Outcome, refused

CA = str(DIR / "tls/ca.pem")
CADDY, DNS = os.environ["SOAK_CADDY"], "198.51.100.53"
WAIT_S = 10  # a client gives up; nobody whom the gateway answers needs a tenth of it
BROWSER_S = 30  # it starts anew each time
IPERF_S, IPERF_RATE = 6, "20M"
IPERF_PORT, IPERF_PORTS = 5201, 64
KILL_S = 45  # beyond every client's own limit
_numbers = itertools.count(1)


@dataclass
class Access:
    """One thing that a client asked for. name: of its own, by which its record is found; or empty."""
    number: int
    client: str
    namespace: str
    name: str
    address: str
    protocol: str
    began: float
    once: bool  # what it sends is not sent again, or not often
    ended: float = 0.0
    outcome: Outcome = field(default_factory=lambda: Outcome("none", ""))


def play(namespace: str, command: list[str], timeout: float = KILL_S) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(["nsenter", f"--net=/run/netns/{LAB}-{namespace}", *command], capture_output=True, text=True,
                              errors="replace", timeout=timeout, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(late.cmd, 124, "", "timed out: it was killed")


def last_line(text: str, or_else: str) -> str:
    return (text.strip().splitlines() or [or_else])[-1]


def curl(access: Access, scheme: str, version: str) -> Outcome:
    port = 443 if scheme == "https" else 80
    done = play(access.namespace, ["curl", "-sS", "-m", str(WAIT_S), "--cacert", CA, version, "--resolve",
                                   f"{access.name}:{port}:{access.address}", "-w", "\n%{http_code}", f"{scheme}://{access.name}/"])
    code = last_line(done.stdout, "")
    if code == "200" and "this is " in done.stdout:
        return Outcome("page", "page")
    return Outcome("403", "403 page") if code == "403" else refused(done.stderr, done.returncode)


def dig(access: Access, *arguments: str) -> Outcome:
    done = play(access.namespace, ["dig", "+time=4", "+tries=1", *arguments, f"@{access.address}", access.name])
    status = re.search(r"status: (\w+)", done.stdout)
    if not status:
        text = done.stdout + done.stderr
        return Outcome("hang", "no answer") if "imed out" in text else Outcome("refused", last_line(text, "no answer"))
    if status[1] == "NOERROR" and "ANSWER: 1" in done.stdout:
        return Outcome("page", "answer")
    return Outcome(status[1], status[1])


def ngtcp2(access: Access) -> Outcome:
    """It sends the name that it resolves, so it finds it in an /etc/hosts of its own. No ICMP reaches its socket: refused is a
    handshake that ends at its own limit."""
    with tempfile.NamedTemporaryFile("w", prefix="sluice-soak-hosts-") as hosts:
        hosts.write(f"{access.address} {access.name}\n")
        hosts.flush()
        done = play(access.namespace, ["unshare", "--mount", "bash", "-c", 'mount --bind "$1" /etc/hosts && shift && exec "$@"', "bash",
                                       hosts.name, "gtlsclient", "--exit-on-all-streams-close", "--no-quic-dump",
                                       "--handshake-timeout=4s", "--timeout=6s", access.name, "443", f"https://{access.name}/"])
    text = done.stdout + done.stderr
    if ":status: 200]" in text:
        return Outcome("page", "page, HTTP/3")
    return Outcome("refused" if "rx pkn" not in text else "error", last_line(text, "no handshake")[:60])


def chromium(access: Access, quic: bool) -> Outcome:
    quiet = ["background-networking", "component-update", "sync", "default-apps", "domain-reliability", "gpu", "dev-shm-usage"]
    over = [f"--origin-to-force-quic-on={access.name}:443"] if quic else ["--disable-quic"]
    with tempfile.TemporaryDirectory(prefix="sluice-soak-", ignore_cleanup_errors=True) as home:
        done = play(access.namespace, ["timeout", str(BROWSER_S), "chromium", "--headless", "--no-sandbox", "--no-first-run",
                                       *(f"--disable-{what}" for what in quiet), f"--user-data-dir={home}",
                                       f"--ignore-certificate-errors-spki-list={key_hash()}", *over,
                                       f"--host-resolver-rules=MAP {access.name} {access.address}, MAP * ~NOTFOUND",
                                       "--dump-dom", f"https://{access.name}/"])
    if "this is " in done.stdout:
        return Outcome("page", "page")
    return Outcome("hang", "it was killed") if done.returncode == 124 else Outcome("refused", "no page")


def key_hash() -> str:
    """Chromium believes a QUIC server of an unknown authority by the hash of its key alone."""
    made = (f"openssl x509 -in {DIR}/tls/site.pem -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary"
            " | base64")
    return subprocess.run(made, shell=True, capture_output=True, text=True, check=True).stdout.strip()


def iperf3(access: Access) -> Outcome:
    """With a server of its own: one whose client was cut off is busy for long."""
    port = IPERF_PORT + access.number % IPERF_PORTS
    with subprocess.Popen(["nsenter", f"--net=/run/netns/{LAB}-line", "iperf3", "--forceflush", "-s", "-1", "-B", access.address,
                           "-p", str(port)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        for line in server.stdout:
            if "listening" in line:
                break
        done = play(access.namespace, ["iperf3", "-J", "-c", access.address, "-p", str(port), "-t", str(IPERF_S), "-b", IPERF_RATE,
                                       "--connect-timeout", "5000"], IPERF_S + WAIT_S)
        server.kill()
    try:
        said = json.loads(done.stdout)
    except ValueError:
        said = {"error": "no JSON"}
    if "error" not in said and said["end"]["sum_received"]["bytes"] > 0:
        return Outcome("page", f"{said['end']['sum_received']['bits_per_second'] / 1e6:.0f} Mbit/s")
    error = said.get("error", "nothing received")
    if "imed out" in error or done.returncode == 124:
        return Outcome("hang", error)
    return Outcome("refused" if re.search("refused|reset|closed|prohibited", error) else "error", error)


@dataclass
class Kind:
    """How one sort of client asks. address: None: the web server of the name; named: whether it asks for a name at all."""
    name: str
    ask: Callable[[Access], Outcome]
    protocol: str
    pause_s: float  # between two, on average
    namespaces: tuple[str, ...]
    address: str | None = None
    named: bool = True
    once: bool = False
    records: int | None = 1  # of one access, where nothing stands in the way; None: one or more


ALL = ("staff",) * 5 + ("finance",) * 3 + ("guest", "stranger")
KINDS = [
    Kind("curl, http", lambda access: curl(access, "http", "--http1.1"), "http", 0.2, ALL),
    Kind("curl, https, HTTP/1.1", lambda access: curl(access, "https", "--http1.1"), "tls", 0.2, ALL),
    Kind("curl, https, HTTP/2", lambda access: curl(access, "https", "--http2"), "tls", 0.2, ALL),
    Kind("dig, UDP", dig, "dns", 0.15, ("staff", "finance"), DNS, once=True),
    Kind("dig, TCP", lambda access: dig(access, "+tcp"), "dns", 0.4, ("staff", "finance"), DNS),
    Kind("ngtcp2, HTTP/3", ngtcp2, "quic", 0.5, ("staff", "finance"), CADDY, once=True, records=None),
    Kind("Chromium, TCP", lambda access: chromium(access, False), "tls", 15, ("staff", "finance"), CADDY, records=None),
    Kind("Chromium, HTTP/3", lambda access: chromium(access, True), "quic", 15, ("staff", "finance"), CADDY, records=None),
    Kind("iperf3", iperf3, "unknown", 1, ("staff",), IPERF, named=False),
]


class Client(threading.Thread):
    """One sort of client, asking on until it is stopped. What it asks for comes from the seed."""

    def __init__(self, kind: Kind, seed: int, done: list[Access]) -> None:
        super().__init__(name=kind.name, daemon=True)
        self.kind, self.done, self.stopped = kind, done, threading.Event()
        self.chance = random.Random(f"{seed}/{kind.name}")

    def run(self) -> None:
        while not self.stopped.wait(self.kind.pause_s * self.chance.uniform(0.5, 1.5)):
            kind, number = self.kind, next(_numbers)
            domain = self.chance.choice(DOMAINS)
            access = Access(number, kind.name, self.chance.choice(kind.namespaces), f"a{number}.{domain}" if kind.named else "",
                            kind.address or ADDRESS[domain], kind.protocol, time.time(), kind.once)
            access.outcome = kind.ask(access)
            access.ended = time.time()
            self.done.append(access)
