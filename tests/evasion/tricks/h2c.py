# evasion: tricks with HTTP/2 without TLS. The server is nginx.
from client import Play, get
from hpack import H2cReader, data_frame, headers_frame, literal, opening, settings
from trick import trick

PORT = 8080


async def say_h2c(play: Play, *frames: bytes, cuts: int = 0) -> None:
    connection = await play.open(opening() + b"".join(frames), H2cReader(play.name), PORT)
    size = cuts or len(connection.payload)
    for at in range(0, len(connection.payload), size):
        connection.send(at, min(at + size, len(connection.payload)))
    await connection.finish()


def fields(name: str, huffman: bool = False, *more: bytes) -> bytes:
    return b"\x82\x86\x84" + literal(1, name, huffman) + b"".join(more)


@trick("HTTP/2 by its preface, the authority as it is")
async def plain(play: Play) -> None:
    await say_h2c(play, headers_frame(1, fields(play.name)))


@trick("HTTP/2, the authority in Huffman's code")
async def huffman(play: Play) -> None:
    await say_h2c(play, headers_frame(1, fields(play.name, True)))


@trick("HTTP/2 in segments of one byte")
async def one_byte_each(play: Play) -> None:
    await say_h2c(play, headers_frame(1, fields(play.name)), cuts=1)


@trick("HTTP/2, the authority cut between HEADERS and CONTINUATION")
async def continuation(play: Play) -> None:
    block = fields(play.name)
    await say_h2c(play, headers_frame(1, block[:9], end_headers=False), headers_frame(1, block[9:], kind=9))


@trick("HTTP/2, padding and priority in HEADERS")
async def padded(play: Play) -> None:
    await say_h2c(play, headers_frame(1, fields(play.name), padding=200, priority=True))


@trick("HTTP/2, the second stream has the name")
async def second_stream(play: Play) -> None:
    await say_h2c(play, headers_frame(1, fields(play.decoy)), headers_frame(3, fields(play.name)))


@trick("HTTP/2, a refused stream puts the name into the dynamic table, the next takes it from there",
       twin="each stream has its own")
async def dynamic_table(play: Play) -> None:
    if play.honest:
        return await say_h2c(play, headers_frame(1, fields(play.decoy)), headers_frame(3, fields(play.name)))
    await say_h2c(play, headers_frame(1, fields(play.decoy, False, literal(1, play.name, True, store=True))),
                  headers_frame(3, b"\x82\x86\x84\xbe"))


@trick("HTTP/2, authority and host differ", twin="no host")
async def host_beside_authority(play: Play) -> None:
    host = [literal(38, play.decoy, False)] if play.blocked else []
    await say_h2c(play, headers_frame(1, fields(play.name, False, *host)))


@trick("HTTP/2, the name in host, no authority")
async def host_alone(play: Play) -> None:
    await say_h2c(play, headers_frame(1, b"\x82\x86\x84" + literal(38, play.name, False)))


@trick("HTTP/2, unknown frames, SETTINGS and PRIORITY before HEADERS")
async def unknown_frames(play: Play) -> None:
    await say_h2c(play, b"\0\0\x04\xbb\0\0\0\0\0junk", settings(), b"\0\0\5\2\0\0\0\0\1\0\0\0\0\7", headers_frame(1, fields(play.name)))


@trick("HTTP/2, DATA of a POST that looks like a request, then the request")
async def after_data(play: Play) -> None:
    post = b"\x83\x86\x84" + literal(1, play.decoy, False)
    await say_h2c(play, headers_frame(1, post, end_stream=False), data_frame(1, get(play.decoy)), headers_frame(3, fields(play.name)))


@trick("HTTP/2, the request only when the server has sent its settings")
async def after_settings(play: Play) -> None:
    connection = await play.open(opening() + headers_frame(1, fields(play.name)), H2cReader(play.name), PORT)
    first = len(opening())
    connection.send(0, first)
    await connection.wait(lambda: connection.received, 2)
    connection.send(first)
    await connection.finish()
