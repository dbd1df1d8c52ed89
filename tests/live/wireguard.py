#!/usr/bin/env python3
# live: the first two messages of WireGuard as they look on the wire; what is encrypted in them is random.
"""wireguard.py serve ADDRESS: answers every initiation. wireguard.py ask ADDRESS: prints what became of one; exit 1
where there is no answer."""
import os
import socket
import struct
import sys

PORT = 51820
INITIATION, RESPONSE = 1, 2
INITIATION_BYTES, RESPONSE_BYTES = 148, 92
TRIES, WAIT_S = 4, 0.5


def message(kind: int, size: int) -> bytes:
    """Type, three reserved bytes, then indices, keys and the first MAC; without a cookie the second MAC is zero."""
    return struct.pack("<I", kind) + os.urandom(size - 4 - 16) + bytes(16)


def serve(address: str) -> None:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, PORT))
    while True:
        heard, client = server.recvfrom(2048)
        if len(heard) == INITIATION_BYTES and heard[0] == INITIATION:
            server.sendto(message(RESPONSE, RESPONSE_BYTES), client)


def ask(address: str) -> str:
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(WAIT_S)
    client.connect((address, PORT))
    for _ in range(TRIES):
        try:
            client.send(message(INITIATION, INITIATION_BYTES))
            heard = client.recv(2048)
            return "answered" if len(heard) == RESPONSE_BYTES and heard[0] == RESPONSE else "nonsense"
        except socket.timeout:
            pass
        except OSError as error:
            return str(error)
    return "timed out"


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    words = ask(sys.argv[2])
    print(words)
    sys.exit(words != "answered")
