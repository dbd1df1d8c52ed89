# evasion: how stacks other than Linux put overlapping pieces together, fed with the frames that left the gateway.
# After J. Novak and S. Sturges, "Target-Based TCP Stream Reassembly" and "Target-Based Fragmentation Reassembly" (2007, 2005).
import struct

import wire


class Pieces:
    """Bytes at offsets, by one stack's policy for what comes twice."""

    def __init__(self, policy: str) -> None:
        self.policy, self.bytes, self.began = policy, {}, {}

    def add(self, start: int, data: bytes) -> None:
        for at, value in enumerate(data, start):
            keeps = at in self.bytes and (self.policy == "first" or self.policy == "left" and self.began[at] <= start)
            if not keeps:
                self.bytes[at], self.began[at] = value, start

    def whole(self, start: int, end: int) -> bytes | None:
        """What lies there, where no byte is missing."""
        if any(at not in self.bytes for at in range(start, end)):
            return None
        return bytes(self.bytes[at] for at in range(start, end))


class Fragments:
    """IPv4 fragments of questions over UDP; returns the question's name once a datagram is whole."""

    def __init__(self, policy: str) -> None:
        self.policy, self.packets, self.ends = policy, {}, {}

    def __call__(self, packet: bytes) -> str | None:
        if packet[0] >> 4 != 4 or packet[9] != wire.UDP:
            return None
        ident, field = struct.unpack_from("!HH", packet, 4)
        offset, body = (field & 0x1FFF) * 8, wire.ip_payload(packet)[2]
        pieces = self.packets.setdefault(ident, Pieces(self.policy))
        pieces.add(offset, body)
        if not field & wire.MORE_FRAGMENTS:
            self.ends[ident] = offset + len(body)
        datagram = pieces.whole(0, self.ends[ident]) if ident in self.ends else None
        return question_name(datagram[8:]) if datagram else None


class Segments:
    """TCP segments to a server; returns the server_name of a plain hello once it is whole."""

    def __init__(self, policy: str) -> None:
        self.policy, self.pieces, self.first = policy, Pieces(policy), None

    def __call__(self, packet: bytes) -> str | None:
        _, protocol, segment = wire.ip_payload(packet)
        if protocol != wire.TCP:
            return None
        seq, flags, data = struct.unpack_from("!I", segment, 4)[0], segment[13], segment[(segment[12] >> 4) * 4:]
        if flags & wire.SYN:
            self.pieces, self.first = Pieces(self.policy), seq + 1
        elif data and self.first is not None and (at := (seq - self.first) & 0xFFFFFFFF) < 65536:
            self.pieces.add(at, data)
        head = self.pieces.whole(0, 5)
        record = self.pieces.whole(5, 5 + int.from_bytes(head[3:5], "big")) if head else None
        return server_name(record) if record else None


def question_name(message: bytes) -> str:
    at, labels = 12, []
    while at < len(message) and 0 < message[at] < 64:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1"))
        at += 1 + message[at]
    return ".".join(labels)


def server_name(hello: bytes) -> str | None:
    """The first server_name of a ClientHello that is well-formed."""
    at = 39 + hello[38]
    at += 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 3 + hello[at]
    while at + 4 <= len(hello):
        kind, size = struct.unpack_from("!HH", hello, at)
        if kind == 0:
            return hello[at + 9:at + 4 + size].decode("latin-1")
        at += 4 + size
    return None
