# evasion: tricks with decoys: two copies of the same bytes that differ. The payload is OpenSSL's hello, the server nginx.
from client import Play, get
from models import Segments
from trick import trick
from tricks.tcp import around_name, hello
from wire import ACK, FIN, PSH, RST, SYN


@trick("a decoy name that dies behind the gateway, then the name", twin="the first copy is the same, and lost")
async def decoy_dies_then_name(play: Play) -> None:
    connection = await hello(play)
    connection.segment(0, connection.decoyed(), ttl=1)
    connection.send()
    await connection.finish()


@trick("a decoy for the name's second half dies, then the whole hello", twin="the first copy is the same, and lost")
async def half_decoy_dies(play: Play) -> None:
    connection = await hello(play)
    half = connection.name_at + 3
    connection.send(0, half)
    connection.segment(half, connection.decoyed()[half:], ttl=1)
    connection.send()
    await connection.finish()


@trick("the name dies, then a decoy, then the name again", twin="all copies are the same")
async def name_decoy_name(play: Play) -> None:
    connection = await hello(play)
    half = connection.name_at + 3
    connection.send(half, ttl=1)
    connection.segment(0, connection.decoyed(), ttl=1)
    connection.send()
    await connection.finish()


@trick("a piece ahead with a decoy that Linux gives up for a longer copy", twin="both copies are the same")
async def covered_by_longer(play: Play) -> None:
    connection = await hello(play)
    start, end = around_name(connection)
    connection.segment(start, connection.decoyed()[start:end])
    connection.send(start - 4)
    connection.send(0, start - 4)
    await connection.finish()


@trick("a piece ahead with the name, then a longer decoy over it", twin="both copies are the same")
async def name_ahead_decoy_over(play: Play) -> None:
    connection = await hello(play)
    start, end = around_name(connection)
    connection.send(start, end)
    connection.segment(start - 4, connection.decoyed()[start - 4:])
    connection.send(0, start - 4)
    await connection.finish()


@trick("forward overlap: a decoy's tail reaches into what follows", twin="both copies are the same")
async def forward_overlap(play: Play) -> None:
    connection = await hello(play)
    half = connection.name_at + 5
    connection.send(half)
    connection.segment(0, connection.decoyed()[:half + 7])
    await connection.finish()


@trick("backward overlap: what follows reaches back into a decoy", twin="both copies are the same")
async def backward_overlap(play: Play) -> None:
    connection = await hello(play)
    start, end = around_name(connection)
    connection.segment(start, connection.decoyed()[start:], ttl=1)
    connection.send(start - 8, end + 8)
    connection.send()
    await connection.finish()


@trick("a decoy between pieces, overlapping both its neighbours", twin="all copies are the same")
async def overlap_on_both_sides(play: Play) -> None:
    connection = await hello(play)
    start, end = around_name(connection)
    connection.send(0, start + 3)
    connection.send(end - 3)
    connection.segment(start - 4, connection.decoyed()[start - 4:end + 4], ttl=1)
    connection.send(start + 3, end - 3)
    await connection.finish()


@trick("sent again with another name before the acknowledgement", twin="the same bytes come again")
async def retransmission_differs(play: Play) -> None:
    connection = await hello(play)
    half = connection.name_at + 4
    connection.segment(0, connection.decoyed()[:half], ttl=1)
    connection.segment(half, connection.decoyed()[half:], ttl=1)
    connection.send(0, half)
    connection.send(half)
    await connection.finish()


@trick("two decoys with different names die, then the hello", twin="all copies are the same")
async def two_decoys(play: Play) -> None:
    connection = await hello(play)
    for text in (connection.decoyed(), connection.decoyed().replace(b"example", b"invalid") if play.blocked else connection.payload):
        connection.segment(0, text, ttl=1)
    connection.send()
    await connection.finish()


@trick("a harmless request dies, then the hello on its sequence numbers", twin="the hello's copy dies")
async def other_protocol_dies(play: Play) -> None:
    connection = await hello(play)
    decoy = get(play.decoy).ljust(len(connection.payload), b"x") if play.blocked else connection.payload
    connection.segment(0, decoy[:len(connection.payload)], ttl=1)
    connection.send()
    await connection.finish()


# Segments that the server does not take

def before_hello(what: str, name: str, **twists) -> None:
    """A trick: a whole decoy hello that the server ignores, then the hello."""
    async def play_it(play: Play) -> None:
        connection = await hello(play, timestamps="stamp" in twists)
        connection.segment(0, connection.decoyed(), **twists)
        connection.send()
        await connection.finish()
    play_it.__module__ = __name__
    trick(what, name=name)(play_it)


before_hello("a decoy with a wrong TCP checksum: no byte has passed", "bad-checksum-decoy", bad_checksum=True)
before_hello("a decoy with a wrong IP checksum: no byte has passed", "bad-ip-checksum-decoy", bad_ip_checksum=True)


def refused_decoy(what: str, name: str, **twists) -> None:
    """The same, but the gateway cannot know that the server ignores the decoy: the first copy counts."""
    async def play_it(play: Play) -> None:
        connection = await hello(play, timestamps="stamp" in twists)
        changed = {key: value(connection) if callable(value) else value for key, value in twists.items()}
        connection.segment(0, connection.decoyed(), **changed)
        connection.send()
        await connection.finish()
    play_it.__module__ = __name__
    trick(what, name=name, twin="the first copy is the same")(play_it)


refused_decoy("a decoy without the ACK flag", "decoy-without-ack", flags=PSH)
refused_decoy("a decoy that acknowledges what was never sent", "decoy-with-wild-ack", ack=lambda c: c.irs + 0x40000000)
refused_decoy("a decoy with an old timestamp (PAWS)", "decoy-with-old-timestamp", stamp=1)
refused_decoy("a decoy with SYN set in the middle", "decoy-with-syn", flags=SYN | ACK)
refused_decoy("a decoy with the flags of a reset", "decoy-in-a-reset", flags=RST | ACK, ttl=1)
refused_decoy("a decoy with FIN that dies", "decoy-with-fin", flags=FIN | PSH | ACK, ttl=1)


@trick("a decoy far ahead of the window, then the hello")
async def far_ahead(play: Play) -> None:
    connection = await hello(play)
    connection.segment(0x10000000, connection.decoyed())
    connection.segment(70000, connection.decoyed())
    connection.send()
    await connection.finish()


@trick("a decoy before the first sequence number, then the hello")
async def before_isn(play: Play) -> None:
    connection = await hello(play)
    connection.segment(-len(connection.payload) - 1, connection.decoyed())
    connection.send()
    await connection.finish()


@trick("a decoy that begins before the first sequence number and reaches into the hello", twin="the copies are the same")
async def across_isn(play: Play) -> None:
    connection = await hello(play)
    connection.segment(-10, b"0123456789" + connection.decoyed(), ttl=1)
    connection.send()
    await connection.finish()


@trick("bytes before the first sequence number lead into the hello itself")
async def leads_in_from_before(play: Play) -> None:
    connection = await hello(play)
    connection.segment(-10, b"0123456789" + connection.payload)
    connection.sent = len(connection.payload)
    await connection.finish()


@trick("a hello of which each byte comes in a segment of its own, and a decoy ahead of each", twin="the copies are the same")
async def decoy_ahead_of_each(play: Play) -> None:
    connection = await hello(play)
    decoy = connection.decoyed()
    for at in range(0, len(connection.payload), 4):
        connection.segment(at, decoy[at:at + 4], ttl=1)
        connection.send(at, min(at + 4, len(connection.payload)))
    await connection.finish()


# Other stacks than Linux

def aimed_at(policy: str, stack: str) -> None:
    """Two copies of the name that begin at different places ahead of the hello's beginning, in both orders."""
    async def play_it(play: Play) -> None:
        play.far.models[play.address].append(Segments(policy))
        for name_first in (True, False):
            connection = await hello(play)
            start, end = around_name(connection)
            copies = [connection.payload, connection.decoyed()]
            first, second = copies if name_first else copies[::-1]
            connection.segment(start - 4, first[start - 4:end])
            connection.segment(start - 8, second[start - 8:end])
            connection.send(end)
            connection.send(0, start - 4)
            await connection.finish()
    play_it.__module__ = __name__
    trick("two copies of the name ahead of the hello's beginning", name=f"overlap-against-{policy}", twin="the copies are the same", model=stack)(play_it)


aimed_at("first", "Windows since Vista, which keeps the first copy")
aimed_at("last", "Cisco IOS, which keeps the last copy")
aimed_at("left", "BSD, which keeps the copy that begins further left")
