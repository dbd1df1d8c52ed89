# evasion: tricks with requests. The server is nginx, or Python's, which reads what nginx refuses.
from client import Pages, Play, get
from hpack import H2cReader, data_frame, headers_frame, literal, opening, settings
from trick import trick

NGINX, PYTHON, H2C = 80, 8000, 8080


def request(*lines: str, end: str = "\r\n") -> bytes:
    """Lines of a header section, and its empty line."""
    return (end.join(lines) + end + end).encode("latin-1")


async def two_requests(play: Play, first: bytes, port: int = NGINX, **options) -> None:
    """What the decoy's request hides, and then the name's."""
    await play.say_http(first + get(play.name), port=port, **options)


# Cuts

@trick("a plain request")
async def plain(play: Play) -> None:
    await play.say_http(get(play.name))


@trick("a plain request over IPv6")
async def over_ipv6(play: Play) -> None:
    await play.say_http(get(play.name), server="2001:db8::10")


@trick("segments of one byte")
async def one_byte_each(play: Play) -> None:
    connection = await play.open_http()
    for at in range(len(connection.payload)):
        connection.send(at, at + 1)
    await connection.finish()


@trick("the request's second half before its first, cut inside the name")
async def reversed_halves(play: Play) -> None:
    connection = await play.open_http()
    connection.send(connection.name_at + 4)
    connection.send(0, connection.name_at + 4)
    await connection.finish()


@trick("cut between the carriage return and the line feed before Host, and behind it")
async def cut_in_line_end(play: Play) -> None:
    connection = await play.open_http()
    marks = [0, connection.offset_of("\nHost"), connection.offset_of(": "), connection.name_at + 15, len(connection.payload)]
    for start, end in zip(marks, marks[1:]):
        connection.send(start, end)
    await connection.finish()


# Which host

@trick("two Hosts, the decoy first", twin="one")
async def decoy_host_first(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", *[f"Host: {play.decoy}"] * play.blocked, f"Host: {play.name}"))


@trick("two Hosts, the decoy last, a server that takes the first", twin="one")
async def decoy_host_last(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"Host: {play.name}", *[f"Host: {play.decoy}"] * play.blocked), port=PYTHON)


@trick("two hundred fields between two Hosts", twin="one Host behind them")
async def hosts_far_apart(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", *[f"Host: {play.name}"] * play.blocked, *[f"X-{at}: {at}" for at in range(80)],
                                f"Host: {play.decoy}"), port=PYTHON)


@trick("the name in the target, the decoy in Host", twin="both say the same")
async def absolute_form(play: Play) -> None:
    await play.say_http(request(f"GET http://{play.name}/ HTTP/1.1", f"Host: {play.decoy}"))


@trick("the decoy in the target, the name in Host, a server that goes by Host", twin="both say the same")
async def host_against_target(play: Play) -> None:
    await play.say_http(request(f"GET http://{play.decoy}/ HTTP/1.1", f"Host: {play.name}"), port=PYTHON)


@trick("the name in the target, no Host, HTTP/1.0")
async def target_alone(play: Play) -> None:
    await play.say_http(request(f"GET http://{play.name}/ HTTP/1.0"))


@trick("the target's scheme in upper case", twin="both say the same")
async def scheme_in_upper_case(play: Play) -> None:
    await play.say_http(request(f"GET HTTP://{play.name}/ HTTP/1.1", f"Host: {play.decoy}"))


@trick("another scheme in the target", twin="http")
async def other_scheme(play: Play) -> None:
    await play.say_http(request(f"GET {'ftp' if play.blocked else 'http'}://{play.name}/ HTTP/1.1", f"Host: {play.decoy}"))


@trick("the decoy as user before the name in the target", twin="no user")
async def user_in_target(play: Play) -> None:
    user = play.decoy + "@" if play.blocked else ""
    await play.say_http(request(f"GET http://{user}{play.name}/ HTTP/1.1", f"Host: {play.decoy}"))


@trick("the name as user before the decoy in Host", twin="no user")
async def user_in_host(play: Play) -> None:
    user = play.decoy + "@" if play.blocked else ""
    await play.say_http(request("GET / HTTP/1.1", f"Host: {user}{play.name}"))


@trick("the name in upper case")
async def upper_case(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"Host: {play.name.upper()}"))


@trick("the field's name in mixed case")
async def mixed_case_field(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"hOsT: {play.name}"))


@trick("the name with a final dot")
async def final_dot(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"Host: {play.name}."))


@trick("the name with a port")
async def with_port(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"Host: {play.name}:80"))


@trick("the name with a colon and no port", twin="a port")
async def with_empty_port(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"Host: {play.name}:{'' if play.blocked else 80}"))


@trick("a list of hosts", twin="one host")
async def list_of_hosts(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"Host: {play.name}{', ' + play.decoy if play.blocked else ''}"), port=PYTHON)


@trick("a percent-encoded letter in the name", twin="none")
async def percent_encoded(play: Play) -> None:
    name = play.name.replace("e", "%65", 1) if play.blocked else play.name
    await play.say_http(request(f"GET http://{name}/ HTTP/1.1", f"Host: {play.decoy}"))


# White space

@trick("no space behind the colon")
async def no_space(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"Host:{play.name}"))


@trick("many spaces around the name")
async def many_spaces(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"Host:     {play.name}     "))


@trick("tabs around the name")
async def tabs(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"Host:\t\t{play.name}\t"), port=PYTHON)


@trick("a space before the colon", twin="none")
async def space_before_colon(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"Host{' ' * play.blocked}: {play.name}", *[f"Host: {play.decoy}"] * play.blocked), port=PYTHON)


@trick("a space before the field's name", twin="none")
async def space_before_field(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"{' ' * play.blocked}Host: {play.name}", *[f"Host: {play.decoy}"] * play.blocked), port=PYTHON)


@trick("the name on a folded line", twin="on one line")
async def folded(play: Play) -> None:
    fold = "\r\n " if play.blocked else " "
    await play.say_http(request("GET / HTTP/1.1", f"Host:{fold}{play.name}"), port=PYTHON)


@trick("the name cut by a fold", twin="on one line")
async def folded_inside(play: Play) -> None:
    name = play.name[:7] + "\r\n " + play.name[7:] if play.blocked else play.name
    await play.say_http(request("GET / HTTP/1.1", f"Host: {name}"), port=PYTHON)


@trick("a folded field of no matter before Host")
async def folded_field_before(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", "X-Long: one\r\n two", f"Host: {play.name}"), port=PYTHON)


@trick("line feeds alone end the lines")
async def line_feeds(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"Host: {play.name}", end="\n"))


@trick("line ends of both kinds", twin="of one")
async def mixed_line_ends(play: Play) -> None:
    end = "\n" if play.blocked else "\r\n"
    await play.say_http(f"GET / HTTP/1.1\r\nAccept: */*{end}Host: {play.name}\r\n\r\n".encode())


@trick("a bare carriage return hides a Host", twin="none")
async def bare_return(play: Play) -> None:
    hidden = f"X: a\rHost: {play.name}" if play.blocked else "X: a"
    await play.say_http(request("GET / HTTP/1.1", hidden, f"Host: {play.decoy}"), port=PYTHON)


@trick("a bare carriage return ends the header section", twin="none")
async def bare_return_ends(play: Play) -> None:
    inside = "\r\r" if play.blocked else ""
    await play.say_http(f"GET / HTTP/1.1\r\nHost: {play.decoy}\r\nX: {inside}y\r\n\r\n".encode() + get(play.name), port=PYTHON)


@trick("a vertical tab and a form feed in the request line", twin="spaces")
async def odd_spaces(play: Play) -> None:
    space = "\x0b" if play.blocked else " "
    await play.say_http(request(f"GET{space}/ HTTP/1.1", f"Host: {play.name}"), port=PYTHON)


@trick("many spaces before the target")
async def spaces_in_request_line(play: Play) -> None:
    await play.say_http(request("GET    / HTTP/1.1", f"Host: {play.name}"))


@trick("NUL behind the name, and the decoy", twin="none")
async def nul_behind_name(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"Host: {play.name}{chr(0) + play.decoy if play.blocked else ''}"), port=PYTHON)


@trick("NUL in a field before Host", twin="none")
async def nul_before_host(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"X: a{chr(0) * play.blocked}b", f"Host: {play.name}"), port=PYTHON)


@trick("empty lines before the request")
async def empty_lines_first(play: Play) -> None:
    await play.say_http(b"\r\n\r\n" + get(play.name))


@trick("a field name of odd letters, a field without a name")
async def odd_fields(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", "!#$%&'*+-.^_`|~: odd", f"Host: {play.name}"))


# Methods and versions

@trick("HTTP/1.0")
async def version_1_0(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.0", f"Host: {play.name}"))


@trick("HTTP/0.9, the name in the target", twin="HTTP/1.0")
async def version_0_9(play: Play) -> None:
    await play.say_http(f"GET http://{play.name}/\r\n".encode() if play.blocked else request(f"GET http://{play.name}/ HTTP/1.0"))


@trick("HTTP/1.9")
async def version_1_9(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.9", f"Host: {play.name}"))


@trick("a method that nobody knows", twin="one that is known")
async def unknown_method(play: Play) -> None:
    await play.say_http(request(f"{'FROBNICATE' if play.blocked else 'POST'} / HTTP/1.1", f"Host: {play.name}", "Content-Length: 0"))


@trick("a method in lower case", twin="in upper case")
async def lower_case_method(play: Play) -> None:
    await play.say_http(request(f"{'get' if play.blocked else 'GET'} / HTTP/1.1", f"Host: {play.name}"))


@trick("HEAD, then a request whose name must not be taken for its body")
async def head_then_get(play: Play) -> None:
    await two_requests(play, request("HEAD / HTTP/1.1", f"Host: {play.decoy}"))


@trick("CONNECT that the server refuses, then the request", twin="GET first")
async def connect_refused(play: Play) -> None:
    first = request(f"CONNECT {play.decoy}:80 HTTP/1.1", f"Host: {play.decoy}") if play.blocked else get(play.decoy)
    await two_requests(play, first, port=PYTHON)


@trick("an upgrade to WebSocket that the server ignores, then the request")
async def upgrade_ignored(play: Play) -> None:
    await two_requests(play, request("GET / HTTP/1.1", f"Host: {play.decoy}", "Connection: Upgrade", "Upgrade: websocket",
                                     "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: ZXZhc2lvbmV2YXNpb24hIQ=="))


@trick("an upgrade to h2c that the server ignores, then the request")
async def h2c_upgrade_ignored(play: Play) -> None:
    await two_requests(play, request("GET / HTTP/1.1", f"Host: {play.decoy}", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                                     "HTTP2-Settings: AAMAAABkAAQAAP__"))


# Bodies and further requests

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
    await two_requests(play, request("POST / HTTP/1.1", f"Host: {play.decoy}", "Transfer-Encoding: chunked") + body)


@trick("chunks of one byte in segments of one byte, then the request")
async def chunks_of_one_byte(play: Play) -> None:
    body = b"".join(b"1\r\n%c\r\n" % letter for letter in get(play.decoy)) + b"0\r\n\r\n"
    first = request("POST / HTTP/1.1", f"Host: {play.decoy}", "Transfer-Encoding: Chunked") + body
    connection = await play.open_http(first + get(play.name))
    for at in range(0, len(connection.payload)):
        connection.send(at, at + 1)
    await connection.finish()


@trick("a trailer field that is a Host", twin="another trailer")
async def host_in_trailer(play: Play) -> None:
    trailer = f"Host: {play.decoy}" if play.blocked else "X: y"
    body = f"0\r\n{trailer}\r\n\r\n".encode()
    await two_requests(play, request("POST / HTTP/1.1", f"Host: {play.decoy}", "Transfer-Encoding: chunked") + body)


def smuggled(play: Play, *fields: str, before: bytes = b"", after: bytes = b"") -> bytes:
    """A request whose body holds another one by one reading, and ends before it by the other."""
    inside = before + get(play.name) + after
    return request("POST / HTTP/1.1", f"Host: {play.decoy}", *(field.replace("LENGTH", str(len(inside))) for field in fields)) + inside


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
    if play.honest:
        return await play.say_http(smuggled(play, "Content-Length: 0"), port=PYTHON)
    size = len(get(play.name))
    head = f"{size:x}\r\n".encode()
    await play.say_http(smuggled(play, f"Content-Length: {len(head)}", "Transfer-Encoding: chunked", before=head, after=b"\r\n0\r\n\r\n"), port=PYTHON)


@trick("a transfer coding that only looks like chunked, a server that goes by the length", twin="only the length")
async def odd_coding(play: Play) -> None:
    head = f"{len(get(play.name)):x}\r\n".encode()
    if play.honest:
        return await play.say_http(smuggled(play, "Content-Length: 0"), port=PYTHON)
    await play.say_http(smuggled(play, f"Content-Length: {len(head)}", "Transfer-Encoding: xchunked", before=head, after=b"\r\n0\r\n\r\n"), port=PYTHON)


@trick("a chunk size in many zeros and an overlong one", twin="a plain size")
async def odd_chunk_size(play: Play) -> None:
    size = b"100000000000000000" if play.blocked else b"5"
    await two_requests(play, request("POST / HTTP/1.1", f"Host: {play.decoy}", "Transfer-Encoding: chunked") + size + b"\r\nhello\r\n0\r\n\r\n")


@trick("a line feed alone behind a chunk size", twin="with its carriage return")
async def chunk_line_feed(play: Play) -> None:
    end = b"\n" if play.blocked else b"\r\n"
    await two_requests(play, request("POST / HTTP/1.1", f"Host: {play.decoy}", "Transfer-Encoding: chunked") + b"5" + end + b"hello\r\n0\r\n\r\n")


@trick("a GET with a body, then the request")
async def get_with_body(play: Play) -> None:
    await two_requests(play, get(play.decoy, more="Content-Length: 5\r\n") + b"hello")


@trick("Expect: 100-continue, the body at once, then the request")
async def expect_continue(play: Play) -> None:
    await two_requests(play, request("POST / HTTP/1.1", f"Host: {play.decoy}", "Expect: 100-continue", "Content-Length: 5") + b"hello")


@trick("Expect: 100-continue; body and request when the server has answered")
async def after_continue(play: Play) -> None:
    first = request("POST / HTTP/1.1", f"Host: {play.decoy}", "Expect: 100-continue", "Content-Length: 5")
    connection = await play.open_http(first + b"hello" + get(play.name))
    connection.send(0, len(first))
    await connection.wait(lambda: connection.received > 20, 1)
    connection.send(len(first))
    await connection.finish()


@trick("20 KiB of fields before Host")
async def long_headers(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", *[f"X-{at}: {'y' * 1000}" for at in range(20)], f"Host: {play.name}"))


@trick("one field of 15 KB before Host")
async def long_field(play: Play) -> None:
    await play.say_http(request("GET / HTTP/1.1", f"Cookie: {'y' * 15000}", f"Host: {play.name}"))


@trick("a target of 8 KB before Host")
async def long_target(play: Play) -> None:
    await play.say_http(request(f"GET /{'y' * 8000} HTTP/1.1", f"Host: {play.name}"))


@trick("a port that is nobody's")
async def unusual_port(play: Play) -> None:
    await play.say_http(get(play.name), port=PYTHON)


# HTTP/2 without TLS

async def say_h2c(play: Play, *frames: bytes, cuts: int = 0) -> None:
    connection = await play.open(opening() + b"".join(frames), H2cReader(play.name), H2C)
    size = cuts or len(connection.payload)
    for at in range(0, len(connection.payload), size):
        connection.send(at, min(at + size, len(connection.payload)))
    await connection.finish()


def fields(name: str, huffman: bool = False, *more: bytes) -> bytes:
    return b"\x82\x86\x84" + literal(1, name, huffman) + b"".join(more)


@trick("HTTP/2 by its preface, the authority as it is")
async def h2c(play: Play) -> None:
    await say_h2c(play, headers_frame(1, fields(play.name)))


@trick("HTTP/2, the authority in Huffman's code")
async def h2c_huffman(play: Play) -> None:
    await say_h2c(play, headers_frame(1, fields(play.name, True)))


@trick("HTTP/2 in segments of one byte")
async def h2c_one_byte_each(play: Play) -> None:
    await say_h2c(play, headers_frame(1, fields(play.name)), cuts=1)


@trick("HTTP/2, the authority cut between HEADERS and CONTINUATION")
async def h2c_continuation(play: Play) -> None:
    block = fields(play.name)
    await say_h2c(play, headers_frame(1, block[:9], end_headers=False), headers_frame(1, block[9:], kind=9))


@trick("HTTP/2, padding and priority in HEADERS")
async def h2c_padded(play: Play) -> None:
    await say_h2c(play, headers_frame(1, fields(play.name), padding=200, priority=True))


@trick("HTTP/2, the second stream has the name")
async def h2c_second_stream(play: Play) -> None:
    await say_h2c(play, headers_frame(1, fields(play.decoy)), headers_frame(3, fields(play.name)))


@trick("HTTP/2, a refused stream puts the name into the dynamic table, the next takes it from there")
async def h2c_dynamic_table(play: Play) -> None:
    await say_h2c(play, headers_frame(1, fields(play.decoy, False, literal(1, play.name, True, store=True))),
                  headers_frame(3, b"\x82\x86\x84\xbe"))


@trick("HTTP/2, authority and host differ", twin="no host")
async def h2c_host_beside_authority(play: Play) -> None:
    host = [literal(38, play.decoy, False)] if play.blocked else []
    await say_h2c(play, headers_frame(1, fields(play.name, False, *host)))


@trick("HTTP/2, the name in host, no authority")
async def h2c_host_alone(play: Play) -> None:
    await say_h2c(play, headers_frame(1, b"\x82\x86\x84" + literal(38, play.name, False)))


@trick("HTTP/2, unknown frames, SETTINGS and PRIORITY before HEADERS")
async def h2c_unknown_frames(play: Play) -> None:
    await say_h2c(play, b"\0\0\x04\xbb\0\0\0\0\0junk", settings(), b"\0\0\5\2\0\0\0\0\1\0\0\0\0\7", headers_frame(1, fields(play.name)))


@trick("HTTP/2, DATA of a POST that looks like a request, then the request")
async def h2c_after_data(play: Play) -> None:
    post = b"\x83\x86\x84" + literal(1, play.decoy, False)
    await say_h2c(play, headers_frame(1, post, end_stream=False), data_frame(1, get(play.decoy)), headers_frame(3, fields(play.name)))
