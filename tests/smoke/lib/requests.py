#!/usr/bin/env python3
# smoke: HTTP requests one after another, each on a connection of its own; each is one access.
"""requests.py ADDRESS HOST RATE: until SIGTERM; prints how many were answered with 200, and how many were not."""
import json
import signal
import socket
import sys
import time

stopped = False


def stop(*_) -> None:
    global stopped
    stopped = True


def ask(address: str, host: str) -> bool:
    with socket.create_connection((address, 80), 4) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
    return answer.startswith(b"HTTP/1.1 200")


def main() -> None:
    answered, other = 0, 0
    while not stopped:
        try:
            good = ask(sys.argv[1], sys.argv[2])
        except OSError:
            good = False
        answered, other = answered + good, other + (not good)
        time.sleep(1 / float(sys.argv[3]))
    print(json.dumps({"answered": answered, "other": other}))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    main()
