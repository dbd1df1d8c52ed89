#!/usr/bin/env python3
# smoke: one TLS connection that is kept open, whatever befalls the way.
"""kept_open.py CA HOST ADDRESS: asks on it until SIGTERM, or until it ends; prints how many answers came, the longest wait for one, and
how it ended"""
import json
import signal
import socket
import ssl
import sys
import time

EVERY_S = 0.1
PATIENCE_S = 30  # TCP sends again at growing distances
stopped = False


def stop(*_) -> None:
    global stopped
    stopped = True


def main() -> None:
    signal.signal(signal.SIGTERM, stop)
    authority, host, address = sys.argv[1:]
    context = ssl.create_default_context(cafile=authority)
    connection = context.wrap_socket(socket.create_connection((address, 443), PATIENCE_S), server_hostname=host)
    connection.settimeout(PATIENCE_S)
    answered, longest, ended = 0, 0.0, "open"
    while not stopped:
        asked = time.monotonic()
        try:
            connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            if not connection.recv(4096):
                ended = "closed"
        except OSError as error:
            ended = type(error).__name__
        if ended != "open":
            break
        answered, longest = answered + 1, max(longest, time.monotonic() - asked)
        time.sleep(EVERY_S)
    print(json.dumps({"answered": answered, "longest_s": round(longest, 2), "ended": ended}), flush=True)


if __name__ == "__main__":
    main()
