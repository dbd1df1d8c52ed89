#!/usr/bin/env python3
# live: openssl's hello to a server, cut in two at every byte, each time on a connection of its own.
"""cut_hello.py ADDRESS NAME: prints what came back, and how often, as JSON."""
import json
import socket
import struct
import subprocess
import sys
from collections import Counter

WAIT_S = 5
DATA_SEGS_OUT = struct.Struct("=I")
DATA_SEGS_OUT_AT = 156  # tcpi_data_segs_out in struct tcp_info
HANDSHAKE, ALERT, SERVER_HELLO = 22, 21, 2


def hello_of_openssl(name: str) -> bytes:
    """What openssl s_client sends first, to a listener that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{listener.getsockname()[1]}", "-servername", name],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        connection, _ = listener.accept()
        connection.settimeout(WAIT_S)
        hello = connection.recv(5, socket.MSG_WAITALL)
        hello += connection.recv(struct.unpack("!H", hello[3:])[0], socket.MSG_WAITALL)
        connection.close()
        client.wait(WAIT_S)
    return hello


def answer(address: str, hello: bytes, cut: int) -> str:
    """Sends hello in two segments; what the first bytes are that come back."""
    connection = socket.create_connection((address, 443), WAIT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        connection.sendall(hello[:cut])
        connection.sendall(hello[cut:])
        segments, = DATA_SEGS_OUT.unpack_from(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232), DATA_SEGS_OUT_AT)
        heard = connection.recv(7, socket.MSG_WAITALL)
    except ConnectionError:
        return "reset"
    except socket.timeout:
        return "timed out"
    finally:
        connection.close()
    if segments != 2:
        return f"sent in {segments} segments"
    if len(heard) == 7 and heard[0] == HANDSHAKE and heard[5] == SERVER_HELLO:
        return "ServerHello"
    if len(heard) == 7 and heard[0] == ALERT:
        return f"alert {heard[6]}"
    return f"{len(heard)} bytes"


def main() -> None:
    address, name = sys.argv[1:]
    hello = hello_of_openssl(name)
    print(json.dumps(Counter(answer(address, hello, cut) for cut in range(1, len(hello)))))


if __name__ == "__main__":
    main()
