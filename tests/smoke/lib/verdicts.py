#!/usr/bin/env python3
# smoke: asks for an open and a blocked name in turn, each on a connection of its own, and counts wrong verdicts.
"""verdicts.py SOURCE OPEN_ADDRESS OPEN_HOST BLOCKED_ADDRESS BLOCKED_HOST: until SIGTERM; prints how many were right, silent, wrong"""
import json
import signal
import socket
import sys
import time

EVERY_S, PATIENCE_S = 0.02, 0.5
stopped = False


def stop(*_) -> None:
    global stopped
    stopped = True


def ask(source: str, address: str, host: str) -> str:
    """The status; empty where no whole answer comes."""
    try:
        with socket.create_connection((address, 80), PATIENCE_S, (source, 0)) as connection:
            connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while piece := connection.recv(4096):
                answer += piece
    except OSError:
        return ""
    return answer[9:12].decode() if answer.startswith(b"HTTP/1.1 ") else ""


def main() -> None:
    counts = {"right": 0, "silent": 0, "wrong": 0}
    source, *sites = sys.argv[1:]
    wanted = ((sites[0], sites[1], "200"), (sites[2], sites[3], "403"))
    while not stopped:
        for address, host, status in wanted:
            said = ask(source, address, host)
            counts["right" if said == status else "silent" if not said else "wrong"] += 1
        time.sleep(EVERY_S)
    print(json.dumps(counts))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    main()
