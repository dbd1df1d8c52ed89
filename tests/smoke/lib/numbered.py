#!/usr/bin/env python3
# smoke: numbered datagrams, so that every lost, doubled or changed one shows.
"""numbered.py send ADDRESS PORT RATE           until SIGTERM; prints how many it sent
numbered.py receive ADDRESS PORT               until SIGTERM; prints "receiving", and at its end received, highest number, doubled, changed, the longest run of numbers that did not come"""
import json
import select
import signal
import socket
import struct
import sys
import time
import zlib

SO_RCVBUFFORCE = 33
stopped = False


def stop(*_) -> None:
    global stopped
    stopped = True


def payload_of(number: int) -> bytes:
    head = struct.pack("!QQ", number, number * 0x9E3779B97F4A7C15 % 2**64)
    return head + struct.pack("!I", zlib.crc32(head)) + bytes(number % 400)


def send(address: str, port: int, rate: float) -> None:
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind(("", 40000))
    began, number, refused = time.monotonic(), 0, 0
    while not stopped:
        due = int((time.monotonic() - began) * rate)
        while number < due:
            try:
                sender.sendto(payload_of(number), (address, port))
            except OSError:
                refused += 1
            number += 1
        time.sleep(0.001)
    print(json.dumps({"sent": number, "refused": refused}))


def receive(address: str, port: int) -> None:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
    receiver.bind((address, port))
    receiver.setblocking(False)
    print("receiving", flush=True)
    seen, doubled, changed = set(), 0, 0
    next_number, gap = 0, 0
    while True:
        if not select.select([receiver], [], [], 0.2)[0]:
            if stopped:
                break
            continue
        data = receiver.recv(65535)
        number = struct.unpack("!Q", data[:8])[0]
        next_number, gap = max(next_number, number + 1), max(gap, number - next_number)
        changed += data != payload_of(number)
        doubled += number in seen
        seen.add(number)
    print(json.dumps({"received": len(seen), "highest": max(seen, default=-1), "doubled": doubled, "changed": changed,
                      "gap": gap}))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    else:
        receive(sys.argv[2], int(sys.argv[3]))
