#!/usr/bin/env python3
# live: plays every client for something allowed and something blocked, and prints one table of what became of it.
"""table.py: runs in the lab of tests/live/run; the last line is `N of M as expected`; exit 1 where N is less."""
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import clients
from capture import Capture, over_quic, over_tcp
from clients import CADDY, DNS, NGTCP2, QUIC_V1, QUIC_V2_DRAFT
from visits import CLIENT, Outcome, records, rule_of, stamp_of

PCS = (CLIENT["staff"], "10.20.2.7")  # one of them at a time
RECORD_WAIT_S = 5
SETTLED_S = 0.2
NEWS, BET = "198.51.100.12", "198.51.100.13"
OTHER_DNS = "198.51.100.55"
OFFICE_VPN, OTHER_VPN = "198.51.100.60", "198.51.100.61"


@dataclass
class Side:
    """One half of a row: what is asked for, at whose place, what the client must get, what the record must say."""
    asks: str
    to: tuple[str, int]
    gets: str
    record: str  # protocol, what was seen, name, rule or reason


@dataclass
class Row:
    client: str
    ask: Callable[[str], Outcome]
    allowed: Side
    blocked: Side
    shows: Callable[[Capture, str], Outcome] | None = None  # of the capture of the whole row
    visible: str = "news.example"  # the name in the hello that is shown


def row(client: str, ask: Callable[[str], Outcome], protocol: str, seen: str, gets: str, to: tuple | None = None, port: int = 443,
        shows: Callable[[Capture, str], Outcome] | None = None) -> Row:
    """The kind that most are: staff reads the news, and may not bet."""
    return Row(client, ask,
               Side("news.example", (to or NEWS, port), "page", f"{protocol} {seen} news.example default"),
               Side("luckybet.example", (to or BET, port), gets, f"{protocol} {seen} luckybet.example no-gambling"), shows)


# DNS comes last: a client that it has told where a site is, and who goes elsewhere, is marked as a mismatch.
ROWS = [
    row("curl, http", partial(clients.curl, "http", "--http1.1"), "http", "host", "403", port=80),
    row("curl, https, HTTP/1.1", partial(clients.curl, "https", "--http1.1"), "tls", "sni", "alert"),
    row("curl, https, HTTP/2", partial(clients.curl, "https", "--http2"), "tls", "sni", "alert"),
    row("openssl, hello cut at each byte", clients.openssl_cut, "tls", "sni", "alert"),
    row("openssl, -max_send_frag 512", clients.openssl_small_records, "tls", "sni", "alert"),
    row("Chromium, TCP", clients.chromium_tcp, "tls", "sni", "refused", shows=over_tcp),
    row("Chromium, HTTP/3", clients.chromium_quic, "quic", "sni", "refused", to=CADDY, shows=over_quic),
    Row("Chromium, TCP, real ECH", partial(clients.chromium_dns, ["--disable-quic"], "browser"),
        Side("plain.example", (CADDY, 443), "page", "tls sni plain.example default"),
        Side("hidden.example", (CADDY, 443), "refused", "tls sni front.example ech"), over_tcp, "front.example"),
    Row("Chromium, HTTP/3, real ECH", lambda host: clients.chromium_dns([f"--origin-to-force-quic-on={host}:443"], "browser", host),
        Side("plain.example", (CADDY, 443), "page", "quic sni plain.example default"),
        Side("hidden.example", (CADDY, 443), "refused", "quic sni front.example ech"), over_quic, "front.example"),
    Row("Chromium, ECH taken out of DNS", partial(clients.chromium_dns, ["--disable-quic"], "staff"),
        Side("hidden.example", (CADDY, 443), "page", "tls sni hidden.example default"),
        Side("luckybet.example", (DNS, 53), "refused", "dns question luckybet.example no-gambling"), over_tcp, "hidden.example"),
    row("ngtcp2, HTTP/3, version 1", partial(clients.ngtcp2, QUIC_V1), "quic", "sni", "refused", to=NGTCP2, port=4433),
    row("ngtcp2, HTTP/3, version 2", partial(clients.ngtcp2, QUIC_V2_DRAFT), "quic", "sni", "refused", to=NGTCP2, port=4433),
    row("dig, UDP", partial(clients.dig, []), "dns", "question", "NXDOMAIN", to=DNS, port=53),
    row("dig, TCP", partial(clients.dig, ["+tcp"]), "dns", "question", "NXDOMAIN", to=DNS, port=53),
    Row("kdig, DNS over TLS", clients.kdig, Side(DNS, (DNS, 853), "page", "tls nothing - office-dot"),
        Side(OTHER_DNS, (OTHER_DNS, 853), "refused", "tls nothing - no-encrypted-dns")),
    Row("OpenVPN, UDP", clients.openvpn, Side(OFFICE_VPN, (OFFICE_VPN, 1194), "page", "openvpn nothing - office-vpn"),
        Side(OTHER_VPN, (OTHER_VPN, 1194), "refused", "openvpn nothing - tunnel")),
    Row("WireGuard's first two messages", clients.wireguard, Side(OFFICE_VPN, (OFFICE_VPN, 51820), "page", "wireguard nothing - office-vpn"),
        Side(OTHER_VPN, (OTHER_VPN, 51820), "refused", "wireguard nothing - tunnel")),
]


@dataclass
class Result:
    outcome: Outcome
    record: str
    good: bool


def describe(record: dict) -> str:
    name = record["destination"].get("domain", "-")
    return f"{record['network']['protocol']} {record['sluice']['seen']} {name} {rule_of(record)}"


def records_of(side: Side, began: float) -> list[dict]:
    """Of DNS those of the name alone: a browser that finds no name asks for others, to see whether DNS works at all."""
    return [record for record in records() if record["source"]["ip"] in PCS and stamp_of(record) >= began - 0.001
            and (record["destination"]["ip"], record["destination"]["port"]) == side.to
            and (side.to != (DNS, 53) or record["destination"].get("domain") == side.asks)]


def play(entry: Row, side: Side, action: str) -> Result:
    """Every record of the visit must say the same: one that says something else is a hole or a false alarm."""
    began = time.time()
    try:
        outcome = entry.ask(side.asks)
    except subprocess.TimeoutExpired:
        outcome = Outcome("hang", "nothing, it hangs")
    until, before, said = time.time() + RECORD_WAIT_S, [], records_of(side, began)
    while (not said or len(said) > len(before)) and time.time() < until:  # until no more of them come
        time.sleep(SETTLED_S)
        before, said = said, records_of(side, began)
    told = {(record["event"]["action"], describe(record)) for record in said}
    shown = describe(said[-1]) if said else "no record"
    return Result(outcome, shown, outcome.kind == side.gets and told == {(action, side.record)})


def play_row(entry: Row) -> bool:
    """Plays both halves and prints their line; a capture of the row has to show what makes the client worth its row."""
    with Capture() if entry.shows else nullcontext() as capture:
        allowed = play(entry, entry.allowed, "allowed")
        blocked = play(entry, entry.blocked, "blocked")
        if capture:
            capture.stop()
        shown = entry.shows(capture, entry.visible) if entry.shows else Outcome("page", "")
    good = allowed.good and blocked.good and shown.kind == "page"
    mark = "\u2713" if good else "\u2717"
    print(f"{mark}  {entry.client:33}{allowed.outcome.words[:20]:21}{blocked.outcome.words[:26]:27}{blocked.record}", flush=True)
    if shown.words:
        print(f"     {shown.words}")
    if not allowed.good:
        print(f"     the allowed one's record: {allowed.record}")
    return good


def main() -> int:
    print(f"   {'client':33}{'allowed':21}{'blocked':27}record of the blocked one")
    good = sum([play_row(entry) for entry in ROWS])
    print(f"{good} of {len(ROWS)} as expected")
    return good != len(ROWS)


if __name__ == "__main__":
    sys.exit(main())
