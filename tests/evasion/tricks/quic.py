# evasion: tricks with QUIC's Initials. The server is caddy.

from client import PATIENCE_S, Play, Udp
from initial import PING, V2, Connection, crypto, kinds
from trick import trick
from tricks.ip import fragments

PORT = 4433


class Quic(Udp):
    """Sends Initials, and waits until the server has taken a hello."""

    def __init__(self, play: Play, **rest) -> None:
        super().__init__(play, PORT, **rest)
        self.packets: list[tuple[bytes, dict]] = []

    def connection(self, destination_bytes: int = 8, source_bytes: int = 8, **options) -> Connection:
        return Connection(self.play.random.randbytes(destination_bytes), self.play.random.randbytes(source_bytes), **options)

    def is_served(self) -> bool:
        return any("handshake" in kinds(datagram) for datagram in self.answers)

    async def until_served(self, *packets: bytes, again: bool = True) -> None:
        """Sends the true packets, again too, as a client does that hears nothing."""
        for _ in range(4 if again else 1):
            for packet in packets:
                self.send(packet)
            if await self.wait(self.is_served, PATIENCE_S * 2):
                break
        said = {kind for datagram in self.answers for kind in kinds(datagram)}
        self.play.outcome = "served" if self.is_served() else ", ".join(sorted(said)) or "silence"


def halves(message: bytes, name: str) -> int:
    return message.find(name.encode()) + 5


def in_frames(name: str, what: str, frames, twin: str = "", **options) -> None:
    """A trick with the frames of one Initial; frames: from play and message to bytes."""
    async def play_it(play: Play) -> None:
        quic = Quic(play)
        connection = quic.connection(**options)
        await quic.until_served(connection.packet(frames(play, connection.hello(play.name))))
    play_it.__module__ = __name__
    trick(what, name=name, twin=twin)(play_it)


def pieces_of(message: bytes, size: int) -> list[bytes]:
    return [crypto(message, at, at + size) for at in range(0, len(message), size)]


def cut_at_name(play: Play, message: bytes) -> list[bytes]:
    at = halves(message, play.name)
    return [crypto(message, 0, at), crypto(message, at, len(message))]


def shuffled(play: Play, pieces: list[bytes], between: bytes = b"") -> bytes:
    return between.join(play.random.sample(pieces, len(pieces)))


def decoyed(play: Play, message: bytes) -> bytes:
    return message.replace(play.name.encode(), play.decoy.encode())


in_frames("plain", "a hello in one frame", lambda play, message: crypto(message, 0, len(message)))
in_frames("cut-in-name", "two frames, cut inside the name", lambda play, message: b"".join(cut_at_name(play, message)))
in_frames("cut-backwards", "two frames, cut inside the name, backwards", lambda play, message: b"".join(cut_at_name(play, message)[::-1]))
in_frames("shuffled", "frames of 7 bytes, shuffled", lambda play, message: shuffled(play, pieces_of(message, 7)))
in_frames("shuffled-chaos", "the same with PING and PADDING between", lambda play, message: shuffled(play, pieces_of(message, 11), b"\x01\0\0\0"))
in_frames("one-byte-frames", "frames of one byte, backwards", lambda play, message: b"".join(pieces_of(message, 1)[::-1]))
in_frames("frames-twice", "frames of 16 bytes, each twice, shuffled", lambda play, message: shuffled(play, pieces_of(message, 16) * 2))
in_frames("overlapping", "frames of 40 bytes, one every 20", lambda play, message: b"".join(
    crypto(message, at, at + 40) for at in range(0, len(message), 20)))
in_frames("padding-first", "500 bytes of PADDING before the frame", lambda play, message: bytes(500) + crypto(message, 0, len(message)))
in_frames("long-varints", "offsets and lengths of eight bytes", lambda play, message: crypto(message, 0, 50, 8) + crypto(message, 50, len(message), 8))
in_frames("empty-frames", "empty frames between", lambda play, message: crypto(message, 0, 0) + crypto(message, 0, 60) + crypto(message, 60, 60)
          + crypto(message, 60, len(message)))
in_frames("decoy-over-name", "a decoy over the name, the true frame behind it", lambda play, message: crypto(decoyed(play, message), 0, len(message))
          + crypto(message, 0, len(message)), "the copies are the same")
in_frames("decoy-part-over-name", "a decoy of the name alone before its true frame", lambda play, message: crypto(
    decoyed(play, message), message.find(play.name.encode()), message.find(play.name.encode()) + 15) + crypto(message, 0, len(message)),
          "the copies are the same")
in_frames("name-then-decoy", "the name, then a decoy over it", lambda play, message: crypto(message, message.find(play.name.encode()), len(message))
          + crypto(decoyed(play, message), 0, len(message)), "the copies are the same")
in_frames("long-ids", "connection ids of 20 bytes", lambda play, message: crypto(message, 0, len(message)), destination_bytes=20, source_bytes=20)
in_frames("no-source-id", "no source connection id", lambda play, message: crypto(message, 0, len(message)), source_bytes=0)
in_frames("unknown-frame", "a frame that no Initial may have, before the hello", lambda play, message: b"\x1e" * play.blocked
          + crypto(message, 0, len(message)), "none")


@trick("packet numbers of one byte, the first is 77")
async def short_numbers(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection(number=77)
    message = connection.hello(play.name)
    await quic.until_served(connection.packet(crypto(message, 0, len(message)), number_bytes=1))


@trick("version 2", twin="version 1")
async def version_2(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection(**({"version": V2} if play.blocked else {}))
    message = connection.hello(play.name)
    await quic.until_served(connection.packet(crypto(message, 0, len(message))))


@trick("a version that nobody knows; then, as the server says so, version 1")
async def greased_version(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    packet = connection.packet(crypto(message, 0, len(message)))
    quic.send(packet[:1] + bytes.fromhex("1a2a3a4a") + packet[5:])
    await quic.wait(lambda: quic.answers, PATIENCE_S)
    await quic.until_served(packet)


@trick("two Initials, cut inside the name")
async def two_initials(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    await quic.until_served(*map(connection.packet, cut_at_name(play, connection.hello(play.name))))


@trick("two Initials, cut inside the name, the second first")
async def two_initials_backwards(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    first, second = map(connection.packet, cut_at_name(play, connection.hello(play.name)))
    await quic.until_served(second, first)


@trick("two Initials in one datagram, the second half of the name first")
async def two_in_one_datagram(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    first, second = cut_at_name(play, connection.hello(play.name))
    await quic.until_served(connection.packet(second, 600) + connection.packet(first, 700))


@trick("four Initials, 3 KB of padding before the name, shuffled")
async def four_initials(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name, 3000)
    packets = [connection.packet(crypto(message, at, at + 900)) for at in range(0, len(message), 900)]
    await quic.until_served(*play.random.sample(packets, len(packets)))


@trick("PING alone in the first Initial, the hello in the second")
async def ping_first(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    await quic.until_served(connection.packet(PING), connection.packet(crypto(message, 0, len(message))))


@trick("the first Initial is lost, and comes again in other frames")
async def lost_and_cut_anew(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    for frames in cut_at_name(play, message):
        quic.send(connection.packet(frames), ttl=1)
    await quic.until_served(connection.packet(shuffled(play, pieces_of(message, 30))))


@trick("a decoy's Initial dies, then the hello under the same ids", twin="the same hello dies")
async def decoy_dies(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    quic.send(connection.packet(crypto(decoyed(play, message), 0, len(message))), ttl=1)
    await quic.until_served(connection.packet(crypto(message, 0, len(message))))


@trick("half a decoy dies, then the hello under the same ids", twin="the same half dies")
async def half_decoy_dies(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    at = message.find(play.name.encode())
    quic.send(connection.packet(crypto(decoyed(play, message), at, at + 15)), ttl=1)
    await quic.until_served(connection.packet(crypto(message, 0, len(message))))


@trick("a decoy's Initial under other ids dies, then the hello")
async def decoy_of_other_ids(play: Play) -> None:
    quic = Quic(play)
    decoy, connection = quic.connection(), quic.connection()
    other, message = decoy.hello(play.decoy), connection.hello(play.name)
    quic.send(decoy.packet(crypto(other, 0, len(other))), ttl=1)
    await quic.until_served(connection.packet(crypto(message, 0, len(message))))


@trick("a decoy whose tag does not fit, then the hello under the same ids")
async def spoilt_decoy(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    quic.send(connection.packet(crypto(decoyed(play, message), 0, len(message)), spoilt=True))
    await quic.until_served(connection.packet(crypto(message, 0, len(message))))


@trick("a decoy with a wrong UDP checksum, then the hello under the same ids")
async def bad_checksum_decoy(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    quic.send(connection.packet(crypto(decoyed(play, message), 0, len(message))), bad_checksum=True)
    await quic.until_served(connection.packet(crypto(message, 0, len(message))))


@trick("a connection to the decoy, then one to the name from the same port")
async def second_connection(play: Play) -> None:
    quic = Quic(play)
    first, second = quic.connection(), quic.connection()
    other = first.hello(play.decoy)
    await quic.until_served(first.packet(crypto(other, 0, len(other))))
    quic.answers.clear()
    message = second.hello(play.name)
    await quic.until_served(second.packet(crypto(message, 0, len(message))))
    if not any(second.source in datagram for datagram in quic.answers):
        play.outcome = "silence"


@trick("a second connection from the same port, cut inside the name, backwards")
async def second_connection_backwards(play: Play) -> None:
    quic = Quic(play)
    first, second = quic.connection(), quic.connection()
    other = first.hello(play.decoy)
    await quic.until_served(first.packet(crypto(other, 0, len(other))))
    quic.answers.clear()
    await quic.until_served(*list(map(second.packet, cut_at_name(play, second.hello(play.name))))[::-1])


@trick("a datagram with the decoy's Initial and the name's behind it", twin="only the name's")
async def coalesced_connections(play: Play) -> None:
    quic = Quic(play)
    first, second = quic.connection(), quic.connection()
    other, message = first.hello(play.decoy), second.hello(play.name)
    before = first.packet(crypto(other, 0, len(other)), 400) if play.blocked else b""
    await quic.until_served(before + second.packet(crypto(message, 0, len(message)), SIZE - len(before)))


SIZE = 1250


@trick("junk behind the Initial in its datagram")
async def junk_behind(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    await quic.until_served(connection.packet(crypto(message, 0, len(message)), 1200) + b"\x17junk" * 10)


@trick("a 0-RTT packet before the Initial in its datagram", twin="the Initial alone")
async def early_data_before(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    packet = connection.packet(crypto(message, 0, len(message)), 1200)
    early = b"\xd0" + packet[1:5] + b"\x08" + connection.destination + b"\x08" + connection.source + b"\x19" + bytes(25)
    await quic.until_served((early if play.blocked else b"") + packet)


@trick("a packet of another version before the Initial in its datagram", twin="the Initial alone")
async def other_version_before(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    packet = connection.packet(crypto(message, 0, len(message)), 1200)
    other = b"\xc0" + bytes.fromhex("ff00001d") + packet[5:23] + b"\x00\x19" + bytes(25)
    await quic.until_served((other if play.blocked else b"") + packet)


@trick("a datagram of less than 1,200 bytes", twin="of 1,200")
async def small_datagram(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    await quic.until_served(connection.packet(crypto(message, 0, len(message)), 600 if play.blocked else 1200))


@trick("the fixed bit is clear", twin="it is set")
async def fixed_bit(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    await quic.until_served(connection.packet(crypto(message, 0, len(message)), fixed=0 if play.blocked else 0x40))


@trick("a token that no server gave", twin="no token")
async def token(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection(token=b"a token" * play.blocked)
    message = connection.hello(play.name)
    await quic.until_served(connection.packet(crypto(message, 0, len(message))))


@trick("CONNECTION_CLOSE in an Initial that dies, then the hello under the same ids")
async def close_dies(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    first, second = cut_at_name(play, message)
    quic.send(connection.packet(first), ttl=1)
    quic.send(connection.packet(b"\x1c\0\0\0"), ttl=1)
    await quic.until_served(connection.packet(first + second))


@trick("the Initial in IP fragments of 400 bytes, backwards")
async def in_fragments(play: Play) -> None:
    quic = Quic(play, carry=lambda packet: fragments(packet, 400)[::-1])
    connection = quic.connection()
    message = connection.hello(play.name)
    await quic.until_served(connection.packet(crypto(message, 0, len(message))))


@trick("over IPv6")
async def over_ipv6(play: Play) -> None:
    quic = Quic(play, server="2001:db8::10")
    connection = quic.connection()
    await quic.until_served(connection.packet(b"".join(cut_at_name(play, connection.hello(play.name))[::-1])))


@trick("bytes that are no QUIC first, then the hello from the same port")
async def junk_first(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    for _ in range(3):
        quic.send(b"\x00\x01not QUIC at all", ttl=1)
    await quic.until_served(connection.packet(crypto(message, 0, len(message))))


@trick("a short header's packet first, then the hello from the same port")
async def short_header_first(play: Play) -> None:
    quic = Quic(play)
    connection = quic.connection()
    message = connection.hello(play.name)
    quic.send(b"\x41" + play.random.randbytes(60), ttl=1)
    await quic.until_served(connection.packet(crypto(message, 0, len(message))))
