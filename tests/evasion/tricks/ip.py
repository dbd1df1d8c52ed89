# evasion: tricks with IP: fragments, options, extension headers. The payload is OpenSSL's hello or a question.
import itertools
import struct

import wire
from client import PATIENCE_S, Play, SERVER6, ServerHello, TlsClient, Udp
from hello import PADDING, client_hello, extension, record, server_name, usual
from models import Fragments
from tricks.dns import ask, outcome, question
from trick import trick
from wire import checksum

PADN = b"\x01\x04\0\0\0\0"
numbers = itertools.count(1)  # of packets: each that is sent has its own, also one that is sent again


def fragments(packet: bytes, size: int, ident: int | None = None) -> list[bytes]:
    """An IPv4 packet in fragments of `size` bytes, a multiple of eight."""
    head_size = (packet[0] & 15) * 4
    head, body = packet[:head_size], packet[head_size:]
    ident = next(numbers) if ident is None else ident
    return [rewritten(head, body[at:at + size], ident & 0xFFFF, at // 8 | wire.MORE_FRAGMENTS * (at + size < len(body)))
            for at in range(0, len(body), size)]


def rewritten(head: bytes, body: bytes, ident: int, fragment: int, ttl: int = 64) -> bytes:
    head = head[:2] + struct.pack("!HHHB", len(head) + len(body), ident, fragment, ttl) + head[9:10] + b"\0\0" + head[12:]
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def fragment(packet: bytes, ident: int, at: int, body: bytes, last: bool, ttl: int = 64) -> bytes:
    """One fragment of a packet, at any place, with any content."""
    return rewritten(packet[:20], body, ident & 0xFFFF, at // 8 | wire.MORE_FRAGMENTS * (not last), ttl)


def changed(piece: bytes, ttl: int = 64, flags: int = 0) -> bytes:
    """A fragment with another TTL, or more flags."""
    ident, field = struct.unpack_from("!HH", piece, 4)
    return rewritten(piece[:20], piece[20:], ident, field | flags, ttl)


def data_only(carry):
    """Leaves segments without data as they are: a handshake is no part of the trick."""
    def either(packet: bytes) -> list[bytes]:
        _, protocol, payload = wire.ip_payload(packet)
        bare = protocol == wire.TCP and len(payload) <= (payload[12] >> 4) * 4
        return [packet] if bare else carry(packet)
    return either


async def hello_in(play: Play, carry, **options) -> None:
    connection = await play.open_tls(carry=data_only(carry), **options)
    connection.send()
    await connection.finish()


def by_fragments(name: str, what: str, carry, twin: str = "") -> None:
    """The same trick with a hello over TCP and with a question over UDP; carry: from the play and a packet to packets."""
    async def over_tcp(play: Play) -> None:
        await hello_in(play, lambda packet: carry(play, packet))

    async def over_udp(play: Play) -> None:
        await ask(play, question(play.name), carry=lambda packet: carry(play, packet))

    for function, suffix, words in ((over_tcp, "", "a hello, "), (over_udp, "-udp", "a question, ")):
        function.__module__ = __name__
        trick(words + what, name=name + suffix, twin=twin)(function)


def other_content(play: Play, packet: bytes, head: int = 20) -> bytes:
    """The packet with the decoy's name, checksums right again; for honest twins with equal decoys the same."""
    body = packet[head:]
    for name, decoy in ((play.name, play.decoy), (play.name[:7], play.decoy[:7])):
        body = body.replace(name.encode(), decoy.encode())
    target, protocol, _ = wire.ip_payload(packet)
    at = 16 if protocol == wire.TCP else 6
    return packet[:head] + wire.with_checksum(wire.source_of(packet), target, protocol, body[:at] + b"\0\0" + body[at + 2:], at)


by_fragments("fragments-of-8", "fragments of 8 bytes", lambda play, packet: fragments(packet, 8))
by_fragments("fragments-of-24", "fragments of 24 bytes", lambda play, packet: fragments(packet, 24))
by_fragments("fragments-backwards", "fragments of 16 bytes, backwards", lambda play, packet: fragments(packet, 16)[::-1])
by_fragments("fragments-shuffled", "fragments of 16 bytes, shuffled",
             lambda play, packet: play.random.sample(pieces := fragments(packet, 16), len(pieces)))
by_fragments("fragments-twice", "fragments of 16 bytes, each sent twice",
             lambda play, packet: [piece for piece in fragments(packet, 16) for _ in (0, 1)])
by_fragments("fragments-last-first", "the last fragment first", lambda play, packet: (pieces := fragments(packet, 32))[-1:] + pieces[:-1])
by_fragments("fragments-with-dont-fragment", "fragments that must not be fragmented", lambda play, packet: [
    changed(piece, flags=wire.DONT_FRAGMENT) for piece in fragments(packet, 32)])


def overlapping(play: Play, packet: bytes) -> list[bytes]:
    """Each fragment reaches eight bytes into the next; the second copy says the decoy."""
    if play.honest:
        return fragments(packet, 16)
    other, ident = other_content(play, packet)[20:], next(numbers)
    return [fragment(packet, ident, at, packet[20 + at:36 + at] + other[at + 16:at + 24], at + 24 >= len(other)) for at in range(0, len(other), 16)]


def dies_first(play: Play, packet: bytes) -> list[bytes]:
    """Fragments with the decoy that die behind the gateway, then the true ones, all of one number."""
    ident = next(numbers)
    other = fragments(other_content(play, packet), 16, ident)
    return [changed(piece, ttl=1) for piece in other] + fragments(packet, 16, ident if play.blocked else None)


def decoy_in_the_middle(play: Play, packet: bytes) -> list[bytes]:
    """The first fragments, decoys of the rest that die, the rest."""
    ident = next(numbers)
    true, other = fragments(packet, 8, ident), fragments(other_content(play, packet), 8, ident if play.blocked else None)
    half = max(1, len(true) // 2)
    return true[:half] + [changed(piece, ttl=1) for piece in other[half:]] + true[half:]


def bad_checksums_first(play: Play, packet: bytes) -> list[bytes]:
    """Decoy fragments whose IP checksum is wrong; no byte of them counts."""
    ident = next(numbers)
    other = fragments(other_content(play, packet), 16, ident)
    return [piece[:10] + bytes([piece[10] ^ 0x55]) + piece[11:] for piece in other] + fragments(packet, 16, ident)


def beyond_the_end(play: Play, packet: bytes) -> list[bytes]:
    """A fragment that ends beyond 64 KiB before the others."""
    ident = next(numbers)
    first = [fragment(packet, ident, 65528, bytes(64), True, ttl=1)] if play.blocked else []
    return first + fragments(packet, 16, ident)


def two_ends(play: Play, packet: bytes) -> list[bytes]:
    """Two last fragments: one makes the packet shorter, and dies."""
    ident = next(numbers)
    first = [fragment(packet, ident, 16, bytes(8), True, ttl=1)] if play.blocked else []
    return first + fragments(packet, 16, ident)


def header_again(play: Play, packet: bytes) -> list[bytes]:
    """A second fragment at offset 8 reaches over the transport header, and dies."""
    ident = next(numbers)
    first = [fragment(packet, ident, 8, bytes(16), False, ttl=1)] if play.blocked else []
    return first + fragments(packet, 16, ident)


by_fragments("fragments-overlapping", "fragments that overlap, the second copy with the decoy", overlapping, "no overlap")
by_fragments("fragments-die-first", "decoy fragments of the same number die first", dies_first, "the same content dies, and comes again under another number")
by_fragments("fragments-die-between", "decoys of the second half die between both halves", decoy_in_the_middle, "what dies has another number")
by_fragments("fragments-bad-checksum", "decoy fragments with wrong checksums first", bad_checksums_first)
by_fragments("fragments-beyond-the-end", "a fragment beyond 64 KiB that dies first", beyond_the_end, "without it")
by_fragments("fragments-two-ends", "a last fragment that makes the packet short, and dies", two_ends, "without it")
by_fragments("fragments-over-header", "a second fragment over the header dies first", header_again, "without it")


@trick("the hello's second half in fragments, before its first half")
async def second_half_in_fragments(play: Play) -> None:
    connection = await play.open_tls()
    half = connection.name_at + 5
    connection.send(half, carry=lambda packet: fragments(packet, 8))
    connection.send(0, half)
    await connection.finish()


@trick("the SYN in fragments, the hello whole")
async def syn_in_fragments(play: Play) -> None:
    connection = play.tcp(b"", TlsClient(play.name), 443)
    await connection.open(carry=lambda packet: fragments(packet, 8))
    connection.send()
    await connection.finish()


@trick("all of the connection in fragments")
async def all_in_fragments(play: Play) -> None:
    connection = await play.open_tls(carry=lambda packet: fragments(packet, 16))
    connection.send()
    await connection.finish()


# IPv4 options

def with_options(name: str, what: str, options: bytes, twin: str = "") -> None:
    async def play_it(play: Play) -> None:
        connection = await play.open_tls()
        connection.send(**{} if twin and play.honest else {"ip_options": options})
        await connection.finish()
    play_it.__module__ = __name__
    trick(what, name=name, twin=twin)(play_it)


with_options("option-nop", "forty bytes of NOP options", b"\x01" * 40)
with_options("option-record-route", "the record-route option", b"\x07\x07\x04" + bytes(4) + b"\x00")
with_options("option-timestamp", "the timestamp option", b"\x44\x0c\x05\x00" + bytes(8))
with_options("option-unknown", "an unknown option", b"\x5e\x04ab")
with_options("option-router-alert", "the router-alert option", b"\x94\x04\x00\x00")
with_options("option-source-route", "a source route through the server", b"\x83\x07\x04" + wire.packed("198.51.100.1") + b"\x00", "none")


@trick("bytes behind the packet, in the frame's padding: a decoy")
async def padding_decoy(play: Play) -> None:
    connection = await play.open_tls(carry=lambda packet: [packet + bytes(6) + b"Host: " + play.decoy.encode()])
    connection.send()
    await connection.finish()


@trick("the reserved bit of the fragment field")
async def reserved_bit(play: Play) -> None:
    connection = await play.open_tls()
    connection.send(fragment=0x8000)
    await connection.finish()


# IPv6

def extension_header(following: int, body: bytes) -> bytes:
    body += b"\x01" + bytes([n := (-len(body) - 4) % 8]) + bytes(n) if (len(body) + 2) % 8 else b""
    return bytes([following, (len(body) + 2) // 8 - 1]) + body


def ipv6_with(packet: bytes, *kinds: int, bodies=lambda kind: PADN) -> bytes:
    """The packet with extension headers of these kinds, in this order."""
    following, payload = packet[6], packet[40:]
    for kind in kinds[::-1]:
        payload = extension_header(following, bodies(kind)) + payload
        following = kind
    return packet[:4] + struct.pack("!HB", len(payload), following) + packet[7:40] + payload


def ipv6_fragments(packet: bytes, size: int, ident: int = 0, before: bytes = b"", following: int | None = None) -> list[bytes]:
    """before: extension headers in front of each fragment header; following: the kind of the first of them."""
    kind, body = packet[6], packet[40:]
    ident = ident or next(numbers)
    pieces = []
    for at in range(0, len(body), size):
        head = struct.pack("!BBHI", kind, 0, at | (at + size < len(body)), ident)
        payload = before + head + body[at:at + size]
        pieces.append(packet[:4] + struct.pack("!HB", len(payload), wire.FRAGMENT if following is None else following) + packet[7:40] + payload)
    return pieces


def over_ipv6(name: str, what: str, carry, twin: str = "") -> None:
    async def play_it(play: Play) -> None:
        await hello_in(play, lambda packet: [packet] if twin and play.honest else carry(play, packet), server=SERVER6)
    play_it.__module__ = __name__
    trick("IPv6: " + what, name="ipv6-" + name, twin=twin)(play_it)


def unknown_option(kind: int) -> bytes:
    return b"\x1e\x04abcd"  # to be passed over where it is not known


over_ipv6("plain", "a hello", lambda play, packet: [packet])
over_ipv6("destination-options", "destination options", lambda play, packet: [ipv6_with(packet, wire.DESTINATION)])
over_ipv6("hop-by-hop", "hop-by-hop options", lambda play, packet: [ipv6_with(packet, wire.HOP_BY_HOP)])
over_ipv6("unknown-option", "unknown destination options", lambda play, packet: [ipv6_with(packet, wire.DESTINATION, bodies=unknown_option)])
over_ipv6("three-headers", "three extension headers", lambda play, packet: [ipv6_with(packet, wire.HOP_BY_HOP, wire.DESTINATION, wire.DESTINATION)])
over_ipv6("twenty-headers", "twenty extension headers", lambda play, packet: [ipv6_with(packet, *[wire.DESTINATION] * 20)], "none")
over_ipv6("hop-by-hop-late", "hop-by-hop options behind destination options",
          lambda play, packet: [ipv6_with(packet, wire.DESTINATION, wire.HOP_BY_HOP)], "none")
over_ipv6("routing-header", "a routing header that is done", lambda play, packet: [
    ipv6_with(packet, wire.ROUTING, bodies=lambda kind: b"\x00\x00" + bytes(4))], "none")
over_ipv6("tiny-fragments", "fragments of 8 bytes, which Linux drops", lambda play, packet: ipv6_fragments(packet, 8), "no fragments")
over_ipv6("atomic-fragment", "a fragment that is the whole packet", lambda play, packet: ipv6_fragments(packet, 4096))
over_ipv6("fragment-in-fragment", "a fragment header inside a fragment", lambda play, packet: ipv6_fragments(ipv6_fragments(packet, 4096)[0], 16), "no fragments")

LEAST = 1232  # bytes of a packet in its first fragment: Linux drops a shorter one


def long_hello(play: Play) -> bytes:
    """A hello whose name lies across the end of the first fragment."""
    empty = record(client_hello([*usual(), extension(PADDING, b""), server_name(play.name)]))
    padding = LEAST - 20 - 5 - empty.find(play.name.encode())
    return record(client_hello([*usual(), extension(PADDING, bytes(padding)), server_name(play.name)]))


def cut_by_fragments(name: str, what: str, carry, twin: str = "") -> None:
    async def play_it(play: Play) -> None:
        connection = await play.open(long_hello(play), ServerHello(play.name), 443, server=SERVER6, carry=data_only(lambda packet: carry(play, packet)))
        connection.send()
        await connection.finish()
    play_it.__module__ = __name__
    trick("IPv6: " + what, name="ipv6-" + name, twin=twin)(play_it)


def overlapping_ipv6(play: Play, packet: bytes) -> list[bytes]:
    """A third fragment over the name, with the decoy."""
    pieces = ipv6_fragments(packet, LEAST)
    if play.honest or len(pieces) < 2:
        return pieces
    other = ipv6_fragments(other_content(play, packet, 40), LEAST, int.from_bytes(pieces[0][44:48], "big"))
    return [pieces[0], other[1], pieces[1]]


def dies_first_ipv6(play: Play, packet: bytes) -> list[bytes]:
    ident = next(numbers)
    other = ipv6_fragments(other_content(play, packet, 40), LEAST, ident)
    return [piece[:7] + b"\x01" + piece[8:] for piece in other] + ipv6_fragments(packet, LEAST, ident if play.blocked else 0)


cut_by_fragments("fragments", "fragments cut inside the name", lambda play, packet: ipv6_fragments(packet, LEAST))
cut_by_fragments("fragments-backwards", "fragments cut inside the name, backwards", lambda play, packet: ipv6_fragments(packet, LEAST)[::-1])
cut_by_fragments("fragments-twice", "fragments cut inside the name, each twice",
                 lambda play, packet: [piece for piece in ipv6_fragments(packet, LEAST) for _ in range(1 + play.blocked)], "each once")
cut_by_fragments("fragments-overlapping", "two copies of the fragment with the name, one with the decoy", overlapping_ipv6, "one copy")
cut_by_fragments("fragments-die-first", "decoy fragments of the same number die first", dies_first_ipv6, "the same content dies, and comes again under another number")
cut_by_fragments("options-before-fragments", "destination options before each fragment header", lambda play, packet: ipv6_fragments(
    packet, LEAST, before=extension_header(wire.FRAGMENT, PADN), following=wire.DESTINATION))
cut_by_fragments("options-inside-fragments", "destination options behind the fragment header", lambda play, packet: ipv6_fragments(
    ipv6_with(packet, wire.DESTINATION), LEAST + 8))


# Other stacks than Linux

def aimed_at(policy: str, stack: str) -> None:
    """Overlapping fragments: Linux drops them all, this stack does not. What leaves the gateway is put together as it would."""
    async def play_it(play: Play) -> None:
        model = Fragments(policy)
        play.far.models[play.address].append(model)
        connection = Udp(play, 53)
        message = question(play.name)
        packet = wire.ipv4(connection.source, connection.server, wire.UDP, wire.udp(connection.source, connection.server, connection.ports, message))
        if play.honest:
            return await ask(play, message, carry=lambda packet: fragments(packet, 16))
        other = other_content(play, packet)[20:]
        true = packet[20:]
        for first, second in ((other, true), (true, other)):
            ident = play.random.getrandbits(16)
            for at, body, last in ((0, true[:24], False), (16, first[16:40], False), (16, second[16:40], False),
                                   (24, second[24:48], False), (40, true[40:], True), (32, first[32:40], False)):
                play.lan.send(rewritten(packet[:20], body, ident, at // 8 | wire.MORE_FRAGMENTS * (not last)))
        await connection.wait(lambda: connection.answers, PATIENCE_S * 4)
        play.outcome = outcome(connection.answers)
    play_it.__module__ = __name__
    trick("overlapping fragments of a question", name=f"overlap-against-{policy}", twin="no overlap", model=stack)(play_it)


aimed_at("first", "Windows, which keeps the first copy")
aimed_at("last", "Cisco IOS, which keeps the last copy")
aimed_at("left", "BSD, which keeps the copy that begins further left")
