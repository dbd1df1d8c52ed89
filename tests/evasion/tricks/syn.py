# evasion: tricks with data in the SYN. The server takes it from everybody, without a cookie.
from client import Pages, Play, TlsClient, get
from trick import trick
from wire import SYN


@trick("the whole request in the SYN (Fast Open)")
async def data_in_syn(play: Play) -> None:
    connection = play.tcp(get(play.name), Pages(play.name), 80, options=b"\x22\x02")
    await connection.open(connection.payload)
    connection.sent = len(connection.payload)
    await connection.finish()


@trick("the hello in the SYN (Fast Open)")
async def hello_in_syn(play: Play) -> None:
    connection = play.tcp(b"", TlsClient(play.name), 443, options=b"\x22\x02")
    await connection.open(connection.payload)
    connection.sent = len(connection.payload)
    await connection.finish()


@trick("half the hello in the SYN, half behind it")
async def half_in_syn(play: Play) -> None:
    connection = play.tcp(b"", TlsClient(play.name), 443, options=b"\x22\x02")
    half = connection.name_at + 5
    await connection.open(connection.payload[:half])
    connection.send(half)
    await connection.finish()


@trick("a decoy in a SYN that dies, the hello behind a plain SYN", twin="the SYN's data are the same")
async def decoy_in_syn(play: Play) -> None:
    connection = play.tcp(b"", TlsClient(play.name), 443)
    connection.segment(-1, connection.decoyed(), flags=SYN, ack=0, ttl=1)
    await connection.open()
    connection.send()
    await connection.finish()


@trick("data before the handshake is done")
async def data_before_handshake(play: Play) -> None:
    connection = play.tcp(b"", TlsClient(play.name), 443)
    half = connection.name_at + 5
    connection.segment(0, connection.payload[:half], ttl=1, ack=0)
    await connection.open()
    connection.send(half)
    connection.send()
    await connection.finish()
