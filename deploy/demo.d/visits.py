#!/usr/bin/env python3
# deploy: real clients ask for allowed and blocked things, one after another; prints one table of what became of it.
"""visits.py: runs in the lab of deploy/demo; exit 1 where an expectation of the table does not hold.
visits.py --record: prints the record of a blocked visit, shortened to the width of the table."""
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

LAB = os.environ["LAB"]
DIR = Path(f"/run/{LAB}")
ADDRESS = {"erp.example": "198.51.100.10", "office.example": "198.51.100.11", "news.example": "198.51.100.12",
           "luckybet.example": "198.51.100.13"}
CLIENT = {"finance": "10.20.8.21", "staff": "10.20.1.7", "guest": "10.99.0.9", "stranger": "172.16.5.5",
          "resolver": "10.20.0.10", "hq": "10.64.3.2", "outsider": "203.0.113.66"}
HANGS_MS = 1000  # an answer that takes longer is a client that waits
WIDTH = 100
CURL_CANNOT_CONNECT = 7
TLS_ALERT = re.compile(r"alert ([a-z ]+?)(?:, errno|:|$|\n)|(?:tlsv1|sslv3)(?: alert)? ([a-z ]+?)(?:, errno|:|$|\n)")


@dataclass
class Outcome:
    """What a client saw: in words, and as a word to compare."""
    kind: str
    words: str


def run(namespace: str, command: list[str], timeout: float = 8) -> subprocess.CompletedProcess:
    return subprocess.run(["nsenter", f"--net=/run/netns/{LAB}-{namespace}", *command], capture_output=True, text=True,
                          errors="replace", timeout=timeout, stdin=subprocess.DEVNULL)


def refused(text: str, code: int) -> Outcome:
    """What a TLS client or a socket says when it gets no page."""
    if found := TLS_ALERT.search(text):
        return Outcome("alert", "TLS alert: " + (found[1] or found[2]).strip())
    if "efused" in text or code == CURL_CANNOT_CONNECT and "imed out" not in text:
        return Outcome("refused", "connection refused")
    if "reset" in text.lower():
        return Outcome("refused", "connection reset")
    if "prohibited" in text or "unreachable" in text.lower() or "o route to host" in text:
        return Outcome("refused", "ICMP: prohibited")
    return Outcome("hang" if "imed out" in text else "error", (text.strip().splitlines() or [f"exit {code}"])[-1][:30])


def visit(namespace: str, url: str, http2: bool = False, resolved: bool = False) -> Outcome:
    """dig, then curl; resolved: the client knows the address already, so that DNS cannot decide."""
    host = url.split("/")[2]
    address = ADDRESS[host] if resolved else run(namespace, ["dig", "+short", "@10.20.0.10", host]).stdout.strip()
    if not address:
        return Outcome("no address", "no address")
    command = ["curl", "-sS", "-m", "5", "--cacert", str(DIR / "tls/ca.pem"), "--http2" if http2 else "--http1.1",
               "--resolve", f"{host}:{443 if url.startswith('https') else 80}:{address}",
               "-w", "\n%{http_code} %{http_version}", url]
    done = run(namespace, command)
    page, _, status = done.stdout.rpartition("\n")
    code, version = (status.split() + ["0"])[:2]
    if code == "200" and f"this is {host}" in page:
        return Outcome("page", f"the page, HTTP/{version}")
    if code == "403":
        return Outcome("403", "403 page that says why")
    return refused(done.stderr, done.returncode)


def openssl(namespace: str, host: str) -> Outcome:
    done = run(namespace, ["openssl", "s_client", "-brief", "-connect", f"{ADDRESS[host]}:443", "-servername", host])
    return Outcome("page", "TLS is up") if "CONNECTION ESTABLISHED" in done.stderr else refused(done.stderr, done.returncode)


def dig(namespace: str, server: str, name: str) -> Outcome:
    done = run(namespace, ["dig", "+time=3", "+tries=1", f"@{server}", name])
    status = re.search(r"status: (\w+)", done.stdout)
    error = re.search(r"EDE: (\d+)", done.stdout)
    if not status:
        return Outcome("hang", "no answer")
    if status[1] == "NOERROR" and ADDRESS[name] in done.stdout:
        return Outcome("page", ADDRESS[name])
    return Outcome(status[1], status[1] + (f", ext. error {error[1]}" if error else ""))


def connect(namespace: str, address: str, port: int, say: bytes = b"") -> Outcome:
    """A plain TCP client that says something and reads the answer."""
    script = ("import socket, sys; s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 4); "
              "s.sendall(sys.argv[3].encode()); s.shutdown(socket.SHUT_WR); print(s.recv(100).decode())")
    done = run(namespace, ["python3", "-I", "-S", "-c", script, address, str(port), say.decode()])
    if "printed" in done.stdout:
        return Outcome("page", "printed")
    return refused(done.stderr, done.returncode)


# who, what they want, how they ask, what must come back, what the record must say: action, and rule or reason
VISITS = [
    ("finance", "its ERP", lambda: visit("finance", "https://erp.example/", http2=True), "page", "allowed", "finance-essential"),
    ("finance", "its mail", lambda: visit("finance", "https://office.example/"), "page", "allowed", "finance-essential"),
    ("finance", "news over https", lambda: visit("finance", "https://news.example/", resolved=True), "alert", "blocked", "default"),
    ("finance", "news over http", lambda: visit("finance", "http://news.example/", resolved=True), "403", "blocked", "default"),
    ("staff", "news over https", lambda: visit("staff", "https://news.example/"), "page", "allowed", "default"),
    ("staff", "news over http/2", lambda: visit("staff", "https://news.example/", http2=True), "page", "allowed", "default"),
    ("staff", "news over http", lambda: visit("staff", "http://news.example/"), "page", "allowed", "default"),
    ("staff", "betting: office's DNS", lambda: dig("staff", "10.20.0.10", "luckybet.example"), "NXDOMAIN", "blocked", "no-gambling"),
    ("staff", "betting: DNS outside", lambda: dig("staff", "198.51.100.53", "luckybet.example"), "NXDOMAIN", "blocked", "no-gambling"),
    ("staff", "betting over http", lambda: visit("staff", "http://luckybet.example/", resolved=True), "403", "blocked", "no-gambling"),
    ("staff", "betting over https", lambda: visit("staff", "https://luckybet.example/", resolved=True), "alert", "blocked", "no-gambling"),
    ("staff", "betting, openssl", lambda: openssl("staff", "luckybet.example"), "alert", "blocked", "no-gambling"),
    ("guest", "news over https", lambda: visit("guest", "https://news.example/", resolved=True), "refused", "blocked", "wrong-line"),
    ("stranger", "news over https", lambda: visit("stranger", "https://news.example/", resolved=True), "refused", "blocked", "unregistered-source"),
    ("hq", "to print, port 9100", lambda: connect("hq", "10.20.250.4", 9100, b"a page\n"), "page", "allowed", "hq-print"),
    ("hq", "staff's PC, port 22", lambda: connect("hq", "10.20.1.7", 22), "refused", "blocked", "inbound-refused"),
    ("outsider", "to print, port 9100", lambda: connect("outsider", "10.20.250.4", 9100, b"spam\n"), "refused", "blocked", "inbound-refused"),
]
WHO = {"finance": "finance", "staff": "staff", "guest": "a guest", "stranger": "a stranger", "hq": "headquarters",
       "outsider": "an outsider"}


def stamp_of(record: dict) -> float:
    return datetime.fromisoformat(record["@timestamp"]).timestamp()


def records() -> list[dict]:
    """Of accesses: what was decided; the ends of their flows come later."""
    found = []
    for path in sorted((DIR / "log").glob("access-*.jsonl.zst")):
        text = subprocess.run(["zstdcat", "-q", path], capture_output=True, text=True).stdout
        for line in text.splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue  # the line that is being written
            if "ended" not in record["sluice"]:
                found.append(record)
    return found


def record_of(seen: list[dict], who: str, what: str, began: float, ended: float) -> dict | None:
    """The record of one visit: of its client and its time; what DNS was asked before the visit itself is not it."""
    asked = "resolver" if "office's DNS" in what else who
    mine = [record for record in seen if record["source"]["ip"] == CLIENT[asked]
            and began - 0.05 <= stamp_of(record) <= ended + 0.05]
    if "DNS" not in what:
        mine = [record for record in mine if record["network"].get("protocol") != "dns"] or mine
    return mine[-1] if mine else None


def rule_of(record: dict | None) -> str:
    if not record:
        return "no record"
    return record.get("rule", {}).get("name") or record["event"]["reason"]


def show_record() -> int:
    """The last one that is blocked by name; of its fields those that fit."""
    blocked = [record for record in records() if record["event"]["action"] == "blocked" and record.get("rule")
               and record["network"]["protocol"] == "tls"]
    if not blocked:
        print("   record  none")
        return 1
    record = blocked[-1]
    pieces = {"event": ("action", "reason"), "source": ("ip",), "destination": ("domain",), "rule": ("name",)}
    words = []
    for key, fields in pieces.items():
        text = json.dumps({field: record[key][field] for field in fields}, separators=(",", ":"))
        words.append(f'"{key}":{text[:-1]},\u2026}}')
    print("   record  {\u2026," + ",".join(words[:2]) + ",\n            " + ",".join(words[2:]) + ",\u2026}")
    return 0


def main() -> int:
    if "--record" in sys.argv:
        return show_record()
    rows = []
    for who, what, ask, kind, action, decided in VISITS:
        began = time.time()
        try:
            outcome = ask()
        except subprocess.TimeoutExpired:
            outcome = Outcome("hang", "nothing, it hangs")
        rows.append((who, what, outcome, (kind, action, decided), began, time.time()))
        time.sleep(0.12)  # so that the times of two visits' records do not meet
    until, seen = time.time() + 5, records()
    while time.time() < until and not all(record_of(seen, row[0], row[1], *row[4:]) for row in rows):
        time.sleep(0.1)
        seen = records()
    failed = 0
    print(f"   {'who':13}{'address':13}{'wants':22}{'gets':25}{'decided by':20}ms")
    for who, what, outcome, wanted, began, ended in rows:
        record = record_of(seen, who, what, began, ended)
        took = (ended - began) * 1000
        good = record and took < HANGS_MS and (outcome.kind, record["event"]["action"], rule_of(record)) == wanted
        failed += not good
        mark = "\u2713" if good else "\u2717"
        line = f"{mark}  {WHO[who]:13}{CLIENT[who]:13}{what:22}{outcome.words[:24]:25}{rule_of(record)[:19]:20}{took:.0f}"
        print(line[:WIDTH])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
