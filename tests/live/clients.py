# live: the clients, each in the network namespace of a PC, and what each of them got.
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy/demo.d"))
from visits import DIR, LAB, Outcome, refused, run  # noqa: E402

CADDY, NGTCP2, DNS = (os.environ[name] for name in ("LIVE_CADDY", "LIVE_NGTCP2", "LIVE_DNS"))
ADDRESS = {"news.example": "198.51.100.12", "luckybet.example": "198.51.100.13"}
CA, CERTIFICATE, KEY = (str(DIR / "tls" / name) for name in ("ca.pem", "site.pem", "site.key"))
WAIT_S = 20  # no client needs a tenth of it, unless the gateway leaves it without an answer
QUIC_V1, QUIC_V2_DRAFT = "0x1", "0x709a50c4"  # ngtcp2 of Debian 12 is older than the number of version 2


def play(*command: str, namespace: str = "staff") -> subprocess.CompletedProcess:
    return run(namespace, ["timeout", str(WAIT_S), *command], timeout=2 * WAIT_S)


def last_line(text: str, or_else: str) -> str:
    return (text.strip().splitlines() or [or_else])[-1]


def mounted(file: Path, over: str, command: list[str]) -> list[str]:
    """The command, with a file of its own in place of one of the machine's, for it alone."""
    return ["unshare", "--mount", "bash", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "bash", str(file), over, *command]


def curl(scheme: str, version: str, host: str) -> Outcome:
    port = 443 if scheme == "https" else 80
    done = play("curl", "-sS", "-m", "10", "--cacert", CA, version, "--resolve", f"{host}:{port}:{ADDRESS[host]}",
                 "-w", "\n%{http_code} %{http_version}", f"{scheme}://{host}/")
    code, spoken = (done.stdout.rpartition("\n")[2].split() + ["", ""])[:2]
    if code == "200" and f"this is {host}" in done.stdout:
        return Outcome("page", f"page, HTTP/{spoken}")
    return Outcome("403", "403 page") if code == "403" else refused(done.stderr, done.returncode)


def openssl_small_records(host: str) -> Outcome:
    """-max_send_frag cuts a handshake message into records; the long list of protocols makes this one need three."""
    alpn = ",".join(["http/1.1"] + [f"filler-{number:03}" for number in range(100)])
    done = play("openssl", "s_client", "-brief", "-connect", f"{ADDRESS[host]}:443", "-servername", host,
                 "-alpn", alpn, "-max_send_frag", "512")
    if "CONNECTION ESTABLISHED" in done.stderr:
        return Outcome("page", "TLS is up")
    return refused(done.stderr, done.returncode)


def openssl_cut(host: str) -> Outcome:
    done = play("python3", "-I", "-S", str(ROOT / "tests/live/cut_hello.py"), ADDRESS[host], host)
    if done.returncode:
        return Outcome("error", last_line(done.stderr, "failed"))
    answers = json.loads(done.stdout)
    if len(answers) != 1:
        return Outcome("error", ", ".join(f"{count} x {what}" for what, count in answers.items()))
    what, count = next(iter(answers.items()))
    kind, words = {"ServerHello": ("page", what), "alert 49": ("alert", "access denied")}.get(what, ("error", what))
    return Outcome(kind, f"{count} x {words}")


def chromium(arguments: list[str], host: str, namespace: str = "staff", resolv_conf: Path | None = None) -> Outcome:
    """Headless, and silent but for the page. resolv_conf: the name is asked for there, over UDP."""
    quiet = ["background-networking", "component-update", "sync", "default-apps", "domain-reliability", "gpu", "dev-shm-usage"]
    with tempfile.TemporaryDirectory(prefix="sluice-live-", ignore_cleanup_errors=True) as home:
        netlog = Path(home) / "net.json"
        command = ["chromium", "--headless", "--no-sandbox", "--no-first-run", *(f"--disable-{what}" for what in quiet),
                   f"--user-data-dir={home}", f"--log-net-log={netlog}", f"--ignore-certificate-errors-spki-list={key_hash()}",
                   *arguments, "--dump-dom", f"https://{host}/"]
        if resolv_conf:
            command = mounted(resolv_conf, "/etc/resolv.conf", command)
        done = play(*command, namespace=namespace)
        if f"this is {host}" in done.stdout:
            return Outcome("page", "page")
        return Outcome("refused", chromium_error(netlog, host))


def key_hash() -> str:
    """Chromium believes a QUIC server of an unknown authority by the hash of its key alone."""
    made = f"openssl x509 -in {CERTIFICATE} -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64"
    return subprocess.run(made, shell=True, capture_output=True, text=True, check=True).stdout.strip()


def chromium_error(netlog: Path, host: str) -> str:
    """The error of the page's own request, as Chromium names it."""
    try:
        log = json.loads(netlog.read_text())
    except (OSError, ValueError):
        return "no log: it was killed"
    names = {number: name for name, number in log["constants"]["netError"].items()}
    request = log["constants"]["logSourceType"]["URL_REQUEST"]
    mine = {event["source"]["id"] for event in log["events"] if event.get("params", {}).get("url") == f"https://{host}/"}
    errors = [event["params"]["net_error"] for event in log["events"]
              if event["source"]["type"] == request and event["source"]["id"] in mine and event.get("params", {}).get("net_error")]
    return names.get(errors[-1], str(errors[-1])) if errors else "no error"


def chromium_quic(host: str) -> Outcome:
    return chromium([f"--origin-to-force-quic-on={host}:443", f"--host-resolver-rules=MAP {host} {CADDY}, MAP * ~NOTFOUND"], host)


def chromium_tcp(host: str) -> Outcome:
    return chromium(["--disable-quic", f"--host-resolver-rules=MAP {host} {ADDRESS[host]}, MAP * ~NOTFOUND"], host)


def chromium_dns(arguments: list[str], namespace: str, host: str) -> Outcome:
    """It asks DNS itself, for the HTTPS record too, and takes from there whether it can hide the name."""
    resolv_conf = DIR / "resolv.conf"
    resolv_conf.write_text(f"nameserver {DNS}\n")
    others = "--host-resolver-rules=MAP google.com ~NOTFOUND, MAP *.google.com ~NOTFOUND, MAP *.googleapis.com ~NOTFOUND"
    return chromium([*arguments, others], host, namespace, resolv_conf)


def ngtcp2(version: str, host: str) -> Outcome:
    """It sends the name that it resolves, so it finds it in /etc/hosts. Its socket is not connected and no ICMP reaches
    it: refused is a handshake that ends at its own limit."""
    hosts = DIR / "hosts"
    hosts.write_text(f"{NGTCP2} {host}\n")
    done = play(*mounted(hosts, "/etc/hosts", ["gtlsclient", "--exit-on-all-streams-close", "--no-quic-dump",
                                               "--handshake-timeout=3s", "-v", version, host, "4433", f"https://{host}/index.html"]))
    text = done.stdout + done.stderr
    if ":status: 200]" in text:
        return Outcome("page", "page, HTTP/3")
    return Outcome("refused" if "rx pkn" not in text else "error", "no handshake")


def dig(arguments: list[str], name: str) -> Outcome:
    done = play("dig", "+time=3", "+tries=1", *arguments, f"@{DNS}", name)
    status, error = re.search(r"status: (\w+)", done.stdout), re.search(r"EDE: (\d+)", done.stdout)
    if not status:
        return Outcome("refused", last_line(done.stdout, "no answer"))
    if status[1] == "NOERROR" and ADDRESS[name] in done.stdout:
        return Outcome("page", ADDRESS[name])
    return Outcome(status[1], status[1] + (f", ext. error {error[1]}" if error else ""))


def kdig(server: str) -> Outcome:
    done = play("kdig", "+tls", "+short", "+timeout=3", "+retry=0", f"@{server}", "news.example")
    if ADDRESS["news.example"] in done.stdout:
        return Outcome("page", ADDRESS["news.example"])
    return Outcome("refused", last_line(done.stdout + done.stderr, "no answer"))


def openvpn(address: str) -> Outcome:
    """No network device: only the handshake, and the keys of the data channel."""
    log = DIR / f"openvpn-client-{address}.log"
    command = ["openvpn", "--dev", "null", "--tls-client", "--nobind", "--remote", address, "1194", "udp4", "--ca", CA,
               "--cert", CERTIFICATE, "--key", KEY, "--hand-window", "4", "--connect-retry-max", "1", "--verb", "3"]
    with subprocess.Popen(["nsenter", f"--net=/run/netns/{LAB}-staff", "timeout", str(WAIT_S), *command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True) as client:
        seen = ""
        for line in client.stdout:
            seen += line
            if "Initialization Sequence Completed" in line:
                client.terminate()
                return Outcome("page", "tunnel is up")
    log.write_text(seen)
    if told := re.search(r"read UDPv4.*: ([A-Z][a-z ]+)", seen):
        return Outcome("refused", told[1])
    return Outcome("refused", "no handshake") if "handshake failed" in seen else Outcome("error", last_line(seen, "nothing"))


def wireguard(address: str) -> Outcome:
    done = play("python3", "-I", "-S", str(ROOT / "tests/live/wireguard.py"), "ask", address)
    return Outcome("page" if done.returncode == 0 else "refused", last_line(done.stdout, last_line(done.stderr, "nothing")))
