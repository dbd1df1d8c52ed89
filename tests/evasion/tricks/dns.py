# evasion: tricks with questions. The server is dnsmasq.
import socket
import struct

from client import Connection, PATIENCE_S, Play, Pages, SERVER, Tcp, Udp
from trick import trick

A, AAAA, HTTPS, OPT, IN, RECURSE = 1, 28, 65, 41, 1, 0x0100
ANSWER = socket.inet_aton(SERVER)


def encoded(name: str | bytes) -> bytes:
    labels = (name.encode() if isinstance(name, str) else name).split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def question(name: str | bytes, *, kind: int = A, flags: int = RECURSE, count: int = 1, more: bytes = b"", additional: int = 0,
             raw: bytes | None = None, ident: int = 0x5151) -> bytes:
    """raw: the name's bytes where they are not the usual ones; more: what follows the question."""
    return struct.pack("!6H", ident, flags, count, 0, 0, additional) + (encoded(name) if raw is None else raw) \
        + struct.pack("!HH", kind, IN) + more


def is_answer(message: bytes) -> bool:
    return len(message) > 12 and message[3] & 15 == 0 and int.from_bytes(message[6:8], "big") > 0 and ANSWER in message


async def ask(play: Play, message: bytes, **options) -> None:
    """Asks over UDP, again and again, until an answer comes."""
    connection = Udp(play, 53, **options)
    for _ in range(4):
        connection.send(message)
        if await connection.wait(lambda: any(map(is_answer, connection.answers)) or connection.answers and play.honest, PATIENCE_S * 2):
            break
    play.outcome = outcome(connection.answers)


def outcome(answers: list[bytes]) -> str:
    if any(map(is_answer, answers)):
        return "served"
    return f"rcode {answers[-1][3] & 15}" if answers and len(answers[-1]) > 3 else "silence"
