#!/usr/bin/python3
# smoke: the same random questions to the running gateway, as frames, and to `sluicectl explain`.
"""ask_both.py LAB SLUICECTL SOCKET LOG COUNT [SEED]: prints every difference, then one line of figures; needs scapy
for nothing. What the gateway decided is read from its access log."""
import json
import os
import random
import struct
import subprocess
import sys
import time

from frames import LAN_MAC, LINE_MAC, open_in

RATE = 400  # frames a second: the log keeps up with far more
LOG_WAIT_S = 20
TCP, UDP = 6, 17
LAN = ["10.20.1.{}", "10.20.8.{}", "10.20.9.{}", "10.20.15.{}", "10.20.30.{}", "10.20.250.{}", "10.99.0.{}", "172.16.5.{}"]
SERVERS = ["198.51.100.{}", "203.0.113.{}", "192.0.2.{}", "10.64.3.{}", "192.0.2.24{}"]
NAMES = ["erp.example", "office.example", "luckybet.example", "ads.example", "adnetwork.example", "video.example",
         "news.example", "casino77.example", "bet365.example", "timed.example", "never.example", "dns.resolver.example",
         "vendor.example", "past.example", "ports.example", "shop.example", "only.example", "below.example"]


def checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packed(address: str) -> bytes:
    return bytes(int(part) for part in address.split("."))


def frame(outbound: bool, source: str, destination: str, protocol: int, segment: bytes) -> bytes:
    """An Ethernet frame; segment's checksum is filled in."""
    pseudo = packed(source) + packed(destination) + struct.pack("!BBH", 0, protocol, len(segment))
    at = 16 if protocol == TCP else 6
    segment = segment[:at] + struct.pack("!H", checksum(pseudo + segment) or 0xFFFF) + segment[at + 2:]
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 1, 0, 64, protocol, 0, packed(source), packed(destination))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    macs = [bytes.fromhex(mac.replace(":", "")) for mac in ((LINE_MAC, LAN_MAC) if outbound else (LAN_MAC, LINE_MAC))]
    return b"".join(macs) + b"\x08\x00" + head + segment


def dns(name: str) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!HHHHHH", random.getrandbits(16), 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


def hello(name: str) -> bytes:
    """A ClientHello of TLS 1.2 with nothing but a name."""
    host = name.encode()
    entry = struct.pack("!BH", 0, len(host)) + host
    extension = struct.pack("!HHH", 0, len(entry) + 2, len(entry)) + entry
    body = b"\x03\x03" + os.urandom(32) + b"\0" + b"\x00\x02\x13\x01" + b"\x01\x00" + struct.pack("!H", len(extension)) + extension
    shake = b"\x01" + struct.pack("!I", len(body))[1:] + body
    return b"\x16\x03\x01" + struct.pack("!H", len(shake)) + shake


def get(name: str) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: {name}\r\nUser-Agent: test\r\n\r\n".encode()


def random_name(chance: random.Random) -> str:
    name = chance.choice(NAMES)
    return chance.choice(["", "", "", "www.", "a.b.", "x"]) + name


def question(chance: random.Random, number: int) -> tuple[dict, bytes]:
    """One to ask, with a client's address and port that no other has, and the frame that asks it of the gateway."""
    inbound = chance.random() < 0.1
    lan = chance.choice(LAN).format(1 + number % 254)
    server = chance.choice(SERVERS).format(chance.randrange(1, 10))
    protocol = "dns" if inbound else chance.choice(["dns", "tls", "tls", "http"])
    port = {"dns": 53, "tls": chance.choice([443, 443, 8443, 25]), "http": chance.choice([80, 80, 8080])}[protocol]
    name = random_name(chance)
    source, destination = (server, lan) if inbound else (lan, server)
    source_port = 1024 + number // 2 % 60000
    asked = {"from": source, "to": destination, "host": name, "protocol": protocol, "port": port,
             "direction": "inbound" if inbound else "outbound", "line": "iplc-sg"}
    if protocol == "dns":
        payload = dns(name)
        segment = struct.pack("!HHHH", source_port, port, 8 + len(payload), 0) + payload
        return asked, frame(not inbound, source, destination, UDP, segment)
    payload = hello(name) if protocol == "tls" else get(name)
    segment = struct.pack("!HHIIBBHHH", source_port, port, chance.getrandbits(32), chance.getrandbits(32), 0x50, 0x18,
                          65535, 0, 0) + payload
    return asked, frame(not inbound, source, destination, TCP, segment)


def key_of(source: str, source_port: int, destination: str, port: int) -> tuple:
    return source, source_port, destination, port


def recorded(ctl: str, log: str, wanted: set, since: str) -> dict:
    """The access of each question, once all are there; what there is, where some do not come."""
    found: dict = {}
    until = time.monotonic() + LOG_WAIT_S
    while len(found) < len(wanted) and time.monotonic() < until:
        time.sleep(1)
        output = subprocess.run([ctl, "logs", "--log", log, "--since", since, "--json"], capture_output=True, text=True, check=True).stdout
        for text in output.splitlines():
            line = json.loads(text)
            if "ended" in line["sluice"] or "source" not in line:
                continue
            source, destination = line["source"], line["destination"]
            key = key_of(source["ip"], source["port"], destination["ip"], destination["port"])
            if key in wanted:
                found.setdefault(key, line)
    return found


def as_recorded(line: dict) -> dict:
    return {"action": line["event"]["action"], "would": line["sluice"].get("would"), "reason": line["event"]["reason"],
            "rule": line.get("rule", {}).get("name"), "list": line.get("rule", {}).get("ruleset"),
            "network": line["sluice"].get("network")}


def main() -> int:
    lab, ctl, socket_path, log = sys.argv[1:5]
    count = int(sys.argv[5])
    seed = int(sys.argv[6]) if len(sys.argv) > 6 else random.SystemRandom().getrandbits(32)
    chance = random.Random(seed)
    lan, line = open_in(f"{lab}-lan", "to-gw"), open_in(f"{lab}-line", "eth0")
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 1)) + "Z"
    asked: dict = {}
    began = time.monotonic()
    for number in range(count):
        one, raw = question(chance, number)
        segment = raw[34:]
        asked[key_of(one["from"], struct.unpack("!H", segment[:2])[0], one["to"], one["port"])] = one
        (line if one["direction"] == "inbound" else lan).send(raw)
        while number / RATE > time.monotonic() - began:
            time.sleep(0.002)
    found = recorded(ctl, log, set(asked), since)
    keys = [key for key in asked if key in found]
    lines = "".join(json.dumps(asked[key] | {"at": found[key]["@timestamp"][:19] + "Z"}) + "\n" for key in keys)
    answers = subprocess.run([ctl, "--socket", socket_path, "explain", "--questions", "-"], input=lines, capture_output=True, text=True)
    said = [json.loads(text) for text in answers.stdout.splitlines()]
    differences = abs(len(said) - len(keys))
    counts: dict = {}
    for key, answer in zip(keys, said):
        is_so = as_recorded(found[key])
        told = {name: answer.get(name) for name in is_so}
        word = is_so["action"] + " " + (is_so["rule"] or is_so["reason"])
        counts[word] = counts.get(word, 0) + 1
        if told != is_so:
            differences += 1
            if differences <= 20:
                print(f"{json.dumps(asked[key])}\n  gateway: {json.dumps(is_so)}\n  explain: {json.dumps(told)}")
    if answers.returncode:
        print(answers.stderr)
    for word, number in sorted(counts.items()):
        print(f"  {number:6} {word}")
    missing = len(asked) - len(keys)
    for key in [key for key in asked if key not in found][:5]:
        print(f"  no record: {json.dumps(asked[key])}")
    print(f"{len(asked)} questions, {len(keys)} recorded, {differences} differences, {len(counts)} kinds of answers, seed {seed}")
    return 1 if differences or missing or answers.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
