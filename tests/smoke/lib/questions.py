#!/usr/bin/env python3
# smoke: DNS questions at a rate, each for another name unless their number is said; each is one access.
"""questions.py ADDRESS RATE [NAMES]: until SIGTERM; prints how many were sent. Nobody need answer."""
import json
import signal
import socket
import struct
import sys
import time

stopped = False


def stop(*_) -> None:
    global stopped
    stopped = True


def question(number: int) -> bytes:
    labels = [b"host-%d" % number, b"news", b"example"]
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack("!HHHHHH", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + name + struct.pack("!HH", 1, 1)


def main() -> None:
    address, rate = sys.argv[1], float(sys.argv[2])
    names = int(sys.argv[3]) if len(sys.argv) > 3 else 1 << 32
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(32)]
    began, sent = time.monotonic(), 0
    while not stopped:
        while sent < (time.monotonic() - began) * rate:
            try:
                sockets[sent % len(sockets)].sendto(question(sent % names), (address, 53))
            except OSError:
                pass  # an ICMP error about an earlier one
            sent += 1
        time.sleep(0.002)
    print(json.dumps({"sent": sent}))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    main()
