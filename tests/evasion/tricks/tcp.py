# evasion: tricks with segments. The payload is OpenSSL's hello, the server nginx on Linux.
import asyncio

from client import Pages, Play, Tcp, TlsClient, get
from trick import trick
from wire import ACK, FIN, PSH, RST, SYN, URG

LONG_SILENCE_S, SHORT_SILENCE_S = 15, 2  # an undecided flow is decided between them


async def hello(play: Play, **options) -> Tcp:
    return await play.open_tls(**options)


# No trick at all: what the others are measured against.

@trick("a hello in one segment")
async def plain(play: Play) -> None:
    connection = await hello(play)
    connection.send()
    await connection.finish()


# Cuts

async def in_pieces(play: Play, cuts, order=lambda pieces: pieces, **options) -> None:
    """cuts: from connection to offsets; order: how the pieces go out."""
    connection = await hello(play, **options)
    marks = sorted({0, len(connection.payload), *cuts(connection)})
    for start, end in order(list(zip(marks, marks[1:]))):
        connection.send(start, end)
    await connection.finish()


def inside_name(connection: Tcp) -> list[int]:
    return [connection.name_at + 5]


def around_name(connection: Tcp) -> list[int]:
    return [connection.name_at, connection.name_at + len(connection.play.name)]


@trick("cut right before the name")
async def cut_at_name(play: Play) -> None:
    await in_pieces(play, lambda connection: around_name(connection)[:1])


@trick("cut right behind the name")
async def cut_behind_name(play: Play) -> None:
    await in_pieces(play, lambda connection: around_name(connection)[1:])


@trick("cut inside the name")
async def cut_inside_name(play: Play) -> None:
    await in_pieces(play, inside_name)


@trick("cut inside the record's header")
async def cut_in_record_header(play: Play) -> None:
    await in_pieces(play, lambda _: [1, 3])


@trick("one byte, and the rest only when it is acknowledged")
async def cut_and_wait(play: Play) -> None:
    connection = await hello(play)
    connection.send(0, 1)
    await connection.all_acked(1)
    connection.send(1)
    await connection.finish()


@trick("half of the name, and the rest only when it is acknowledged")
async def half_a_name_and_wait(play: Play) -> None:
    connection = await hello(play)
    half = connection.name_at + 5
    connection.send(0, half)
    await connection.all_acked(half)
    connection.send(half)
    await connection.finish()


@trick("half of the name, and the rest after a long silence", twin="after a short one")
async def half_a_name_and_silence(play: Play) -> None:
    connection = await hello(play)
    half = connection.name_at + 5
    connection.send(0, half)
    await asyncio.sleep(LONG_SILENCE_S if play.blocked else SHORT_SILENCE_S)
    connection.send(half)
    await connection.finish()


@trick("segments of one byte")
async def one_byte_each(play: Play) -> None:
    await in_pieces(play, lambda connection: range(len(connection.payload)))


@trick("segments of one byte, backwards")
async def one_byte_each_backwards(play: Play) -> None:
    await in_pieces(play, lambda connection: range(len(connection.payload)), lambda pieces: pieces[::-1])


# Disorder

@trick("the name's end before its beginning")
async def reversed_halves(play: Play) -> None:
    await in_pieces(play, inside_name, lambda pieces: pieces[::-1])


@trick("many pieces, the last first")
async def last_first(play: Play) -> None:
    await in_pieces(play, lambda connection: range(0, len(connection.payload), 20), lambda pieces: pieces[-1:] + pieces[:-1])


@trick("many pieces, the first last")
async def first_last(play: Play) -> None:
    await in_pieces(play, lambda connection: range(0, len(connection.payload), 20), lambda pieces: pieces[1:] + pieces[:1])


@trick("many pieces, shuffled")
async def shuffled(play: Play) -> None:
    await in_pieces(play, lambda connection: range(0, len(connection.payload), 7),
                    lambda pieces: play.random.sample(pieces, len(pieces)))


@trick("many pieces, shuffled, each sent twice")
async def shuffled_twice(play: Play) -> None:
    await in_pieces(play, lambda connection: range(0, len(connection.payload), 11),
                    lambda pieces: play.random.sample(pieces * 2, 2 * len(pieces)))


@trick("growing segments that each begin at the hello's first byte")
async def ever_longer(play: Play) -> None:
    connection = await hello(play)
    for end in (*range(20, len(connection.payload), 20), len(connection.payload)):
        connection.send(0, end)
    await connection.finish()


@trick("overlapping pieces, each twice as long as its step")
async def sliding_overlap(play: Play) -> None:
    connection = await hello(play)
    for at in range(0, len(connection.payload), 16):
        connection.send(at, min(at + 32, len(connection.payload)))
    await connection.finish()


# Flags

@trick("a reset that dies, then the hello")
async def reset_decoy(play: Play) -> None:
    connection = await hello(play)
    connection.segment(0, flags=RST, ttl=1)
    connection.segment(0, flags=RST | ACK, ttl=1)
    connection.send()
    await connection.finish()


@trick("a reset with a sequence number out of the window, then the hello")
async def reset_out_of_window(play: Play) -> None:
    connection = await hello(play)
    connection.segment(0x20000000, flags=RST)
    connection.send()
    await connection.finish()


@trick("half the name, a reset that dies, the other half")
async def reset_inside_name(play: Play) -> None:
    connection = await hello(play)
    half = connection.name_at + 5
    connection.send(0, half)
    connection.segment(half, flags=RST | ACK, ttl=1)
    connection.send(half)
    await connection.finish()


@trick("FIN that dies, then the hello")
async def fin_decoy(play: Play) -> None:
    connection = await hello(play)
    connection.segment(0, flags=FIN | ACK, ttl=1)
    connection.send()
    await connection.finish()


@trick("half the name, FIN ahead that dies, the other half")
async def fin_inside_name(play: Play) -> None:
    connection = await hello(play)
    half = connection.name_at + 5
    connection.send(0, half)
    connection.segment(half, flags=FIN | ACK, ttl=1)
    connection.send(half)
    await connection.finish()


@trick("the hello's last segment bears FIN")
async def fin_with_hello(play: Play) -> None:
    connection = await play.open_http()
    half = connection.name_at + 5
    connection.send(0, half)
    connection.send(half, flags=FIN | PSH | ACK)
    await connection.finish()


@trick("a SYN of another number that dies, in the middle of the name")
async def syn_decoy(play: Play) -> None:
    connection = await hello(play)
    half = connection.name_at + 5
    connection.send(0, half)
    connection.segment(0, flags=SYN, seq=connection.iss + 0x5000000, ack=0, ttl=1)
    connection.send(half)
    await connection.finish()


@trick("before the true SYN one of another number that dies")
async def syn_before_syn(play: Play) -> None:
    connection = play.tcp(b"", TlsClient(play.name), 443)
    connection.segment(0, flags=SYN, seq=connection.iss + 1000, ack=0, ttl=1)
    await connection.open()
    connection.send()
    await connection.finish()


@trick("after the handshake a SYN, a decoy on its numbers, both die; then the hello")
async def second_handshake_dies(play: Play) -> None:
    connection = await hello(play)
    other = connection.iss + 0x3000000
    connection.segment(0, flags=SYN, seq=other, ack=0, ttl=1)
    connection.segment(0, connection.decoyed(), seq=other + 1, ttl=1)
    connection.send()
    await connection.finish()


@trick("a SYN-ACK from the client that dies, then the hello")
async def syn_ack_from_client(play: Play) -> None:
    connection = await hello(play)
    connection.segment(-1, flags=SYN | ACK, ttl=1)
    connection.send()
    await connection.finish()


@trick("segments without PSH, each with ECE and CWR")
async def strange_bits(play: Play) -> None:
    connection = await hello(play)
    connection.send(0, connection.name_at + 5, flags=ACK | 0x40)
    connection.send(connection.name_at + 5, flags=ACK | 0x80)
    await connection.finish()


# Probes and urgent data

@trick("a keep-alive with a garbage byte inside the name", twin="its byte is the stream's own")
async def keep_alive_garbage(play: Play) -> None:
    connection = await hello(play)
    half = connection.name_at + 5
    connection.send(0, half)
    connection.segment(half - 1, b"\x00" if play.blocked else connection.payload[half - 1:half])
    connection.send(half)
    await connection.finish()


@trick("a keep-alive with a garbage byte once half the name is acknowledged")
async def keep_alive_when_acknowledged(play: Play) -> None:
    connection = await hello(play)
    half = connection.name_at + 5
    connection.send(0, half)
    await connection.all_acked(half)
    connection.segment(half - 1, b"\x00")
    connection.send(half)
    await connection.finish()


@trick("a keep-alive without a byte inside the name")
async def keep_alive_empty(play: Play) -> None:
    connection = await hello(play)
    half = connection.name_at + 5
    connection.send(0, half)
    connection.segment(half - 1)
    connection.send(half)
    await connection.finish()


@trick("the client closes its window, and opens it later")
async def zero_window(play: Play) -> None:
    connection = await hello(play)
    half = connection.name_at + 5
    connection.send(0, half, window=0)
    connection.segment(half, connection.payload[half:half + 1], window=0)
    await connection.all_acked(half + 1)
    connection.send(half + 1)
    await connection.finish()


@trick("an urgent byte inside the name, which the server takes out of the stream", twin="the name has no byte more")
async def urgent_byte(play: Play) -> None:
    connection = await hello(play)
    at = connection.name_at + 5
    if play.honest:
        connection.send()
        return await connection.finish()
    # The byte in the stream is one more than the hello says: nginx reads the name without it.
    stream = connection.payload[:at] + b"z" + connection.payload[at:]
    connection.payload = stream
    connection.sent = len(stream)
    connection.segment(0, stream[:at + 1], flags=PSH | ACK | URG, urgent=at + 1)
    connection.segment(at + 1, stream[at + 1:])
    await connection.finish()


@trick("an urgent byte inside the name in one segment with all the rest", twin="the name has no byte more")
async def urgent_byte_in_one(play: Play) -> None:
    connection = await hello(play)
    at = connection.name_at + 5
    if play.blocked:
        connection.payload = connection.payload[:at] + b"z" + connection.payload[at:]
        connection.sent = len(connection.payload)
        connection.segment(0, connection.payload, flags=PSH | ACK | URG, urgent=at + 1)
    else:
        connection.send()
    await connection.finish()


@trick("URG with a pointer of 0", twin="the pointer without the flag")
async def urgent_pointer_zero(play: Play) -> None:
    connection = await hello(play)
    connection.send(flags=PSH | ACK | (URG if play.blocked else 0), urgent=0 if play.blocked else 5)
    await connection.finish()


@trick("URG that points far beyond the segment", twin="the pointer without the flag")
async def urgent_pointer_beyond(play: Play) -> None:
    connection = await hello(play)
    connection.send(flags=PSH | ACK | (URG if play.blocked else 0), urgent=40000)
    await connection.finish()


@trick("an urgent pointer into the name without the flag")
async def pointer_without_flag(play: Play) -> None:
    connection = await hello(play)
    connection.send(urgent=connection.name_at + 5)
    await connection.finish()


# Numbers and options

@trick("sequence numbers wrap inside the name")
async def sequence_wraps(play: Play) -> None:
    reader = TlsClient(play.name)
    at = reader.first.find(play.name.encode()) + 5
    connection = play.tcp(b"", reader, 443, iss=-at - 1 & 0xFFFFFFFF)
    await connection.open()
    connection.send(0, at - 2)
    connection.send(at - 2)
    await connection.finish()


@trick("sequence numbers wrap inside the name, pieces backwards")
async def sequence_wraps_backwards(play: Play) -> None:
    reader = TlsClient(play.name)
    at = reader.first.find(play.name.encode()) + 5
    connection = play.tcp(b"", reader, 443, iss=-at - 1 & 0xFFFFFFFF)
    await connection.open()
    for start in range(len(connection.payload) - len(connection.payload) % 9, -1, -9):
        connection.send(start, min(start + 9, len(connection.payload)))
    await connection.finish()


@trick("the header is full of options, unknown ones among them")
async def many_options(play: Play) -> None:
    connection = await hello(play)
    unknown = b"\xfd\x0a" + b"sluiceit" + b"\x01" * 10 + b"\xfe\x04ab" + b"\x01" * 8
    connection.send(options=unknown)
    await connection.finish()


@trick("an MD5 option, which the server's kernel refuses, on a decoy", twin="the first copy is the same")
async def md5_decoy(play: Play) -> None:
    connection = await hello(play)
    connection.segment(0, connection.decoyed(), options=b"\x13\x12" + bytes(16))
    connection.send()
    await connection.finish()


@trick("an open request, and the blocked one on a new connection from the same port")
async def same_ports_again(play: Play) -> None:
    first = await play.open(get(play.decoy), Pages(play.decoy), 80, source_port=31000)
    first.send()
    await first.finish()
    play.connections.clear()
    second = play.tcp(get(play.name), Pages(play.name), 80, source_port=31000, iss=first.iss + 0x100000)
    if await second.open():
        second.send()
    await second.finish()


@trick("an open request, a reset that dies, a SYN that dies, then a blocked request on the old connection")
async def after_an_open_one(play: Play) -> None:
    connection = await play.open_http(get(play.decoy) + get(play.name))
    first = len(get(play.decoy))
    connection.send(0, first)
    await connection.all_acked(first)
    connection.segment(first, flags=RST | ACK, ttl=1)
    connection.segment(0, flags=SYN, seq=connection.iss + 0x7000000, ack=0, ttl=1)
    connection.send(first)
    await connection.finish()


@trick("the hello, while the window's far end is held by a gap of 60 KiB")
async def far_gap(play: Play) -> None:
    connection = await hello(play)
    for at in range(len(connection.payload) + 1000, 60000, 1000):
        connection.segment(at, bytes(200), ttl=1)
    connection.send(connection.name_at + 5)
    connection.send(0, connection.name_at + 5)
    await connection.finish()
