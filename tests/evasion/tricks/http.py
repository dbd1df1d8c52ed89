# evasion: tricks with requests. The server is nginx, or Python's, which reads what nginx refuses.
from client import Play, get
from trick import trick

NGINX, PYTHON = 80, 8000


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
