# evasion: tricks with bodies and further requests. The server is nginx, or Python's, which reads what nginx refuses.
from client import Play, get
from trick import trick
from tricks.http import PYTHON, request, two_requests


@trick("a second request in one segment with the first")
async def pipelined(play: Play) -> None:
    await two_requests(play, get(play.decoy))


@trick("forty requests in a row, the last has the name")
async def pipelined_many(play: Play) -> None:
    await two_requests(play, get(play.decoy) * 39)


@trick("a second request, cut inside the name, backwards, while the first is on its way")
async def pipelined_backwards(play: Play) -> None:
    connection = await play.open_http(get(play.decoy) + get(play.name))
    half = connection.payload.rfind(play.name.encode()) + 5
    connection.send(half)
    connection.send(0, half)
    await connection.finish()


@trick("a second request only when the first is answered")
async def keep_alive(play: Play) -> None:
    connection = await play.open_http(get(play.decoy) + get(play.name))
    first = len(get(play.decoy))
    connection.send(0, first)
    await connection.wait(lambda: play.decoy.encode() in connection.reader.text, 1)
    connection.send(first)
    await connection.finish()


@trick("a body that looks like a request, then the request")
async def body_like_request(play: Play) -> None:
    body = get(play.decoy, "/in-the-body")
    await two_requests(play, request("POST / HTTP/1.1", f"Host: {play.decoy}", f"Content-Length: {len(body)}") + body)


@trick("a body that has the blocked name in a request of its own does no harm: an open request behind it", twin="the same")
async def name_in_body(play: Play) -> None:
    body = get("blocked.example", "/in-the-body") if play.honest else get(play.decoy)
    await two_requests(play, request("POST / HTTP/1.1", f"Host: {play.decoy}", f"Content-Length: {len(body)}") + body)


@trick("a long body, then the request")
async def long_body(play: Play) -> None:
    await two_requests(play, request("POST / HTTP/1.1", f"Host: {play.decoy}", "Content-Length: 100000") + bytes(100000))


@trick("a chunked body, then the request")
async def chunked(play: Play) -> None:
    body = b"5\r\nhello\r\n000A;ext=\"x\"\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
    await two_requests(play, chunked_post(play, body))


@trick("chunks of one byte in segments of one byte, then the request")
async def chunks_of_one_byte(play: Play) -> None:
    body = b"".join(b"1\r\n%c\r\n" % letter for letter in get(play.decoy)) + b"0\r\n\r\n"
    first = chunked_post(play, body)
    connection = await play.open_http(first + get(play.name))
    for at in range(0, len(connection.payload)):
        connection.send(at, at + 1)
    await connection.finish()


@trick("a trailer field that is a Host", twin="another trailer")
async def host_in_trailer(play: Play) -> None:
    trailer = f"Host: {play.decoy}" if play.blocked else "X: y"
    body = f"0\r\n{trailer}\r\n\r\n".encode()
    await two_requests(play, chunked_post(play, body))


def smuggled(play: Play, *fields: str, before: bytes = b"", after: bytes = b"") -> bytes:
    """A request whose body holds another one by one reading, and ends before it by the other."""
    inside = before + get(play.name) + after
    lines = [field.replace("LENGTH", str(len(inside))) for field in fields]
    return request("POST / HTTP/1.1", f"Host: {play.decoy}", *lines) + inside


def chunked_post(play: Play, body: bytes) -> bytes:
    return request("POST / HTTP/1.1", f"Host: {play.decoy}", "Transfer-Encoding: chunked") + body


async def coding_beside_length(play: Play, coding: str) -> None:
    """The length ends the body before a chunk's content, a request; the coding behind it."""
    if play.honest:
        return await play.say_http(smuggled(play, "Content-Length: 0"), port=PYTHON)
    head = f"{len(get(play.name)):x}\r\n".encode()
    fields = (f"Content-Length: {len(head)}", f"Transfer-Encoding: {coding}")
    await play.say_http(smuggled(play, *fields, before=head, after=b"\r\n0\r\n\r\n"), port=PYTHON)


@trick("Content-Length twice, the first is 0 and counts at the server", twin="once, with the request behind the body")
async def two_lengths(play: Play) -> None:
    fields = ("Content-Length: 0", "Content-Length: LENGTH") if play.blocked else ("Content-Length: 0",)
    await play.say_http(smuggled(play, *fields), port=PYTHON)


@trick("Content-Length as a list", twin="one length")
async def list_of_lengths(play: Play) -> None:
    await play.say_http(smuggled(play, "Content-Length: 0, LENGTH" if play.blocked else "Content-Length: 0"), port=PYTHON)


@trick("Content-Length with a sign", twin="without")
async def signed_length(play: Play) -> None:
    await play.say_http(smuggled(play, "Content-Length: +0" if play.blocked else "Content-Length: 0"), port=PYTHON)


@trick("Content-Length with an underscore, which Python takes", twin="without")
async def length_with_underscore(play: Play) -> None:
    await play.say_http(smuggled(play, "Content-Length: 0_0" if play.blocked else "Content-Length: 0"), port=PYTHON)


@trick("Content-Length beyond 64 bits", twin="of 0")
async def huge_length(play: Play) -> None:
    await play.say_http(smuggled(play, "Content-Length: 18446744073709551616" if play.blocked else "Content-Length: 0"))


@trick("Content-Length and Transfer-Encoding, a server that goes by the length", twin="only the length")
async def length_and_coding(play: Play) -> None:
    await coding_beside_length(play, "chunked")


@trick("a transfer coding that only looks like chunked, a server that goes by the length", twin="only the length")
async def odd_coding(play: Play) -> None:
    await coding_beside_length(play, "xchunked")


@trick("a chunk size in many zeros and an overlong one", twin="a plain size")
async def odd_chunk_size(play: Play) -> None:
    size = b"100000000000000000" if play.blocked else b"5"
    await two_requests(play, chunked_post(play, size + b"\r\nhello\r\n0\r\n\r\n"))


@trick("a line feed alone behind a chunk size", twin="with its carriage return")
async def chunk_line_feed(play: Play) -> None:
    end = b"\n" if play.blocked else b"\r\n"
    await two_requests(play, chunked_post(play, b"5" + end + b"hello\r\n0\r\n\r\n"))


@trick("a GET with a body, then the request")
async def get_with_body(play: Play) -> None:
    await two_requests(play, get(play.decoy, more="Content-Length: 5\r\n") + b"hello")


@trick("Expect: 100-continue, the body at once, then the request")
async def expect_continue(play: Play) -> None:
    first = request("POST / HTTP/1.1", f"Host: {play.decoy}", "Expect: 100-continue", "Content-Length: 5")
    await two_requests(play, first + b"hello")


@trick("Expect: 100-continue; body and request when the server has answered")
async def after_continue(play: Play) -> None:
    first = request("POST / HTTP/1.1", f"Host: {play.decoy}", "Expect: 100-continue", "Content-Length: 5")
    connection = await play.open_http(first + b"hello" + get(play.name))
    connection.send(0, len(first))
    await connection.wait(lambda: connection.received > 20, 1)
    connection.send(len(first))
    await connection.finish()
