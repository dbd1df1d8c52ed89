# evasion: tricks with questions. The server is dnsmasq.
import socket
import struct

from client import BLOCKED, PATIENCE_S, Pages, Play, SERVER, SERVER6, Tcp, Udp
from trick import trick
from wire import checksum

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
        if await connection.wait(lambda: any(map(is_answer, connection.answers)), PATIENCE_S * 2):
            break
    play.outcome = outcome(connection.answers)


def outcome(answers: list[bytes]) -> str:
    if any(map(is_answer, answers)):
        return "served"
    return f"rcode {answers[-1][3] & 15}" if answers and len(answers[-1]) > 3 else "silence"


def mixed(name: str) -> str:
    return "".join(letter.upper() if at % 2 else letter for at, letter in enumerate(name))


def option(code: int, data: bytes) -> bytes:
    return struct.pack("!HH", code, len(data)) + data


def edns(*options: bytes, size: int = 1232) -> bytes:
    data = b"".join(options)
    return struct.pack("!BHHIH", 0, OPT, size, 0, len(data)) + data


def one_message(name: str, what: str, make, twin: str = "", **options) -> None:
    """A trick of one message over UDP; make: from the play to the message."""
    async def play_it(play: Play) -> None:
        await ask(play, make(play), **options)
    play_it.__module__ = __name__
    trick(what, name=name, twin=twin)(play_it)


def odd_message(name: str, what: str, twin: str, make) -> None:
    """The same, but the honest twin sends the plain question."""
    one_message(name, what, lambda play: make(play) if play.blocked else question(play.name), twin)


def label(text: str | bytes) -> bytes:
    return bytes([len(text)]) + (text.encode() if isinstance(text, str) else text)


def pointer(to: int) -> bytes:
    return struct.pack("!H", 0xC000 | to)


def second_question(name: str) -> bytes:
    return encoded(name) + struct.pack("!HH", A, IN)


def record(name: str) -> bytes:
    return encoded(name) + struct.pack("!HHIH4s", A, IN, 60, 4, ANSWER)


LONG = ".".join("xyz"[at] * 63 for at in range(3)) + "."
ODD_OPTIONS = edns(option(12, bytes(300)), option(10, b"cookiecu"), option(65001, b"junk"))
FIRST_LABEL = BLOCKED.partition(".")[0]
one_message("plain", "a plain question", lambda play: question(play.name))
one_message("over-ipv6", "a plain question over IPv6", lambda play: question(play.name), server=SERVER6)
one_message("mixed-case", "letters of mixed case (0x20)", lambda play: question(mixed(play.name)))
one_message("name-below", "a name below the name", lambda play: question("a.b." + play.name))
one_message("long-labels", "labels of 63 letters before the name", lambda play: question(LONG + play.name))
one_message("many-labels", "a hundred labels before the name", lambda play: question("a." * 100 + play.name))
one_message("edns", "EDNS, padding and unknown options", lambda play: question(play.name, additional=1, more=ODD_OPTIONS))
one_message("odd-flags", "AD, CD and Z set in a question", lambda play: question(play.name, flags=RECURSE | 0x0070))
odd_message("nul-in-label", "NUL in a label, and the decoy behind it", "none",
            lambda play: question(play.name.encode() + b"\0." + play.decoy.encode()))
odd_message("dot-in-label", "the name's dots inside one label", "between labels", lambda play: question("", raw=label(play.name) + b"\0"))
odd_message("root-inside", "an empty label inside the name", "none",
            lambda play: question("", raw=label(FIRST_LABEL) + b"\0" + encoded("example")))
odd_message("question-any", "a question of type ANY", "type A", lambda play: question(play.name, kind=255))
odd_message("truncated-flag", "TC set in a question", "without", lambda play: question(play.name, flags=RECURSE | 0x0200))
odd_message("answer-flag", "QR set: a question that says it is an answer", "without", lambda play: question(play.name, flags=RECURSE | 0x8000))
for number, word in ((1, "IQUERY"), (2, "STATUS"), (4, "NOTIFY"), (5, "UPDATE"), (15, "that nobody knows")):
    odd_message(f"opcode-{number}", f"opcode {word}", "QUERY", lambda play, number=number: question(play.name, flags=RECURSE | number << 11))
odd_message("pointer-forward", "the name behind a pointer that leads forward", "no pointer",
            lambda play: question("", raw=pointer(18), more=encoded(play.name)))
odd_message("pointer-half", "the name's second label behind a pointer that leads forward", "no pointer",
            lambda play: question("", raw=label(FIRST_LABEL) + pointer(26), more=encoded("example")))
odd_message("pointer-into-header", "a pointer into the header", "no pointer", lambda play: question("", raw=label(FIRST_LABEL) + pointer(4)))
odd_message("pointer-loop", "a pointer to itself", "no pointer", lambda play: question("", raw=label(FIRST_LABEL) + pointer(20)))
odd_message("label-type-1", "a label of the extended type", "usual labels", lambda play: question("", raw=b"\x41" + encoded(play.name)))
odd_message("two-questions", "two questions, the decoy first", "one question",
            lambda play: question(play.decoy, count=2, more=second_question(play.name)))
odd_message("two-questions-decoy-last", "two questions, the decoy last", "one question",
            lambda play: question(play.name, count=2, more=second_question(play.decoy)))
odd_message("no-question-counted", "a question that the header does not count", "it counts it", lambda play: question(play.name, count=0))
odd_message("bytes-behind", "bytes behind the question", "none", lambda play: question(play.name, more=b"behind it"))
odd_message("record-beside", "an additional record of the decoy", "none", lambda play: question(play.name, additional=1, more=record(play.decoy)))
odd_message("class-any", "a question of class ANY", "class IN", lambda play: question(play.name)[:-2] + b"\0\xff")


@trick("no UDP checksum")
async def no_checksum(play: Play) -> None:
    def without(packet: bytes) -> list[bytes]:
        return [packet[:26] + b"\0\0" + packet[28:]]
    await ask(play, question(play.name), carry=without)


@trick("a decoy with a wrong checksum before the question")
async def bad_checksum_decoy(play: Play) -> None:
    connection = Udp(play, 53)
    connection.send(question(play.decoy), bad_checksum=True)
    connection.send(question(play.name))
    await connection.wait(lambda: any(map(is_answer, connection.answers)), PATIENCE_S * 4)
    play.outcome = outcome(connection.answers)


@trick("an open question, and the name from the same port with the same number")
async def same_port_same_number(play: Play) -> None:
    connection = Udp(play, 53)
    connection.send(question(play.decoy))
    await connection.wait(lambda: connection.answers, PATIENCE_S * 4)
    connection.answers.clear()
    connection.send(question(play.name))
    await connection.wait(lambda: connection.answers, PATIENCE_S * 4)
    play.outcome = outcome(connection.answers)


@trick("the question comes from port 53")
async def from_port_53(play: Play) -> None:
    await ask(play, question(play.name), source_port=53)


@trick("a UDP length shorter than the packet, the decoy in what it leaves out", twin="nothing is left out")
async def short_udp_length(play: Play) -> None:
    tail = question(play.decoy) if play.blocked else b""

    def longer(packet: bytes) -> list[bytes]:
        whole = packet + tail
        head = whole[:2] + struct.pack("!H", len(whole)) + whole[4:10] + b"\0\0" + whole[12:20]
        return [head[:10] + struct.pack("!H", checksum(head)) + head[12:] + whole[20:]]
    await ask(play, question(play.name), carry=longer)


# Over TCP

class Answers(Pages):
    """Waits for an answer over TCP."""

    @property
    def served(self) -> bool:
        at, messages = 0, []
        while at + 2 <= len(self.text):
            size = int.from_bytes(self.text[at:at + 2], "big")
            messages.append(self.text[at + 2:at + 2 + size])
            at += 2 + size
        return sum(self.wanted[8:].split(b".")[0] in message and is_answer(message) for message in messages) >= self.answers

    refusal = ""


def framed(message: bytes, extra: int = 0) -> bytes:
    return struct.pack("!H", len(message) + extra) + message


async def open_dns(play: Play, *messages: bytes, **options) -> Tcp:
    return await play.open(b"".join(map(framed, messages)), Answers(play.name), 53, **options)


async def over_tcp(play: Play, *messages: bytes, cuts=lambda connection: (), order=lambda pieces: pieces) -> None:
    connection = await open_dns(play, *messages)
    marks = sorted({0, len(connection.payload), *cuts(connection)})
    for start, end in order(list(zip(marks, marks[1:]))):
        connection.send(start, end)
    await connection.finish()


def inside(connection: Tcp) -> list[int]:
    return [connection.payload.rfind(connection.play.name[:7].encode()) + 3]


@trick("over TCP")
async def tcp_plain(play: Play) -> None:
    await over_tcp(play, question(play.name))


@trick("over TCP, the length in a segment of its own")
async def tcp_length_alone(play: Play) -> None:
    await over_tcp(play, question(play.name), cuts=lambda _: [2])


@trick("over TCP, cut inside the length and inside the name")
async def tcp_cut(play: Play) -> None:
    await over_tcp(play, question(play.name), cuts=lambda connection: [1, *inside(connection)])


@trick("over TCP, segments of one byte")
async def tcp_one_byte_each(play: Play) -> None:
    await over_tcp(play, question(play.name), cuts=lambda connection: range(len(connection.payload)))


@trick("over TCP, cut inside the name, backwards")
async def tcp_backwards(play: Play) -> None:
    await over_tcp(play, question(play.name), cuts=inside, order=lambda pieces: pieces[::-1])


@trick("over TCP, an open question and the name in one segment")
async def tcp_pipelined(play: Play) -> None:
    await over_tcp(play, question(play.decoy), question(play.name, ident=2))


@trick("over TCP, twenty open questions, then the name, cut inside it")
async def tcp_many(play: Play) -> None:
    await over_tcp(play, *[question(play.decoy)] * 20, question(play.name, ident=2), cuts=inside)


@trick("over TCP, the name only when the open question is answered")
async def tcp_second_question(play: Play) -> None:
    connection = await open_dns(play, question(play.decoy), question(play.name, ident=2))
    first = len(question(play.decoy)) + 2
    connection.send(0, first)
    await connection.wait(lambda: connection.received, 1)
    connection.send(first)
    await connection.finish()


@trick("over TCP, bytes behind the question inside its length", twin="none")
async def tcp_bytes_behind(play: Play) -> None:
    await over_tcp(play, question(play.name, more=b"behind it" * play.blocked))


@trick("over TCP, an empty message before the question", twin="none")
async def tcp_empty_message(play: Play) -> None:
    await over_tcp(play, *[b""] * play.blocked, question(play.name))


@trick("over TCP, a message of 60 KB with EDNS padding", twin="of 600 bytes")
async def tcp_long_message(play: Play) -> None:
    await over_tcp(play, question(play.name, additional=1, more=edns(option(12, bytes(60000 if play.blocked else 500)))))


@trick("over TCP, a decoy that dies, then the name", twin="the first copy is the same")
async def tcp_decoy_dies(play: Play) -> None:
    connection = await open_dns(play, question(play.name))
    connection.segment(0, framed(question(play.decoy)), ttl=1)
    connection.send()
    await connection.finish()


@trick("over TCP, the question in the SYN (Fast Open)")
async def tcp_in_syn(play: Play) -> None:
    connection = play.tcp(framed(question(play.name)), Answers(play.name), 53, options=b"\x22\x02")
    await connection.open(connection.payload)
    connection.sent = len(connection.payload)
    await connection.finish()
