#!/usr/bin/env python3
# smoke: traffic that shows whether a line answers, until it is ended.
"""line_traffic.py connections ADDRESS | questions SERVER | syns SOURCE ADDRESS | late-server DEVICE SECONDS

connections: opens one after the other; questions: asks for a name again and again; syns: sends SYNs of a client that takes no
answer; late-server: answers each SYN that is routed into DEVICE, which it makes, after so many seconds"""
import fcntl
import os
import random
import select
import socket
import struct
import sys
import time
from collections import deque

EVERY_S = 0.08
KEPT = 60  # sockets that are open at once


def connections(address: str) -> None:
    opened: deque[socket.socket] = deque()
    while True:
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        one.setblocking(False)
        one.connect_ex((address, 80))
        opened.append(one)
        if len(opened) > KEPT:
            opened.popleft().close()
        time.sleep(EVERY_S)


def questions(server: str) -> None:
    opened: deque[socket.socket] = deque()
    name = b"\4news\7example\0"
    while True:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.sendto(struct.pack(">6H", random.randrange(65536), 0x100, 1, 0, 0, 0) + name + b"\0\1\0\1", (server, 53))
        opened.append(one)
        if len(opened) > KEPT:
            opened.popleft().close()
        time.sleep(EVERY_S)


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(source: bytes, destination: bytes, ports: tuple[int, int], seq: int, ack: int, flags: int) -> bytes:
    tcp = struct.pack(">HHIIBBHHH", *ports, seq, ack, 5 << 4, flags, 65535, 0, 0)
    pseudo = source + destination + struct.pack(">HH", socket.IPPROTO_TCP, len(tcp))
    tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), random.randrange(65536), 0, 64, socket.IPPROTO_TCP, 0, source, destination)
    return ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:] + tcp


def syns(source: str, address: str) -> None:
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    ends = socket.inet_aton(source), socket.inet_aton(address)
    while True:
        for port in range(20000, 60000):
            raw.sendto(segment(*ends, (port, 80), random.randrange(1 << 32), 0, 2), (address, 0))
            time.sleep(EVERY_S)


def late_server(device: str, seconds: str) -> None:
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH", device.encode(), 0x1001))  # TUNSETIFF: IFF_TUN, IFF_NO_PI
    print("ready", flush=True)
    waiting: deque[tuple[float, bytes]] = deque()
    while True:
        left = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        if select.select([tun], [], [], left)[0]:
            packet = os.read(tun, 2048)
            head = (packet[0] & 15) * 4
            if packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP or packet[head + 13] & 0x12 != 2:
                continue
            source, destination, seq = struct.unpack(">HHI", packet[head:head + 8])
            answer = segment(packet[16:20], packet[12:16], (destination, source), 7, seq + 1 & 0xFFFFFFFF, 0x12)
            waiting.append((time.monotonic() + float(seconds), answer))
        while waiting and waiting[0][0] <= time.monotonic():
            os.write(tun, waiting.popleft()[1])


def main() -> int:
    does = {"connections": connections, "questions": questions, "syns": syns, "late-server": late_server}
    if len(sys.argv) < 3 or sys.argv[1] not in does:
        print(__doc__)
        return 2
    does[sys.argv[1]](*sys.argv[2:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
