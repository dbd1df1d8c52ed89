#!/usr/bin/env python3
# smoke: asks again and again on one TLS connection, and says how long after a command it still had answers.
"""open_connection.py CA HOST ADDRESS SECONDS COMMAND...: prints seconds from the command's end, or from its start if the
connection ended meanwhile; exit 1 where it goes on for SECONDS"""
import socket
import ssl
import subprocess
import sys
import threading
import time

EVERY_S = 0.05
TIMEOUT_S = 5


def main() -> int:
    authority, host, address, most_s, *command = sys.argv[1:]
    context = ssl.create_default_context(cafile=authority)
    connection = context.wrap_socket(socket.create_connection((address, 443), TIMEOUT_S), server_hostname=host)
    connection.settimeout(TIMEOUT_S)
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    answered = 0
    ended = threading.Event()
    last = [0.0]

    def ask() -> None:
        nonlocal answered
        try:
            while True:
                connection.sendall(request)
                if not connection.recv(4096):
                    break
                last[0] = time.monotonic()
                answered += 1
                time.sleep(EVERY_S)
        except OSError:
            pass
        ended.set()

    threading.Thread(target=ask, daemon=True).start()
    time.sleep(0.5)
    if answered < 3 or ended.is_set():
        sys.exit(f"open_connection.py: only {answered} answers before anything was done")
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    done = time.monotonic()
    if not ended.wait(float(most_s) + TIMEOUT_S):
        sys.exit(f"open_connection.py: {answered} answers, and still open")
    late = max(0.0, last[0] - done)
    print(f"the last of {answered} answers came {late:.3f} s after it was in force; the command took {done - began:.3f} s")
    return 0 if late <= float(most_s) else 1


if __name__ == "__main__":
    sys.exit(main())
