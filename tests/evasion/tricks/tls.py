# evasion: tricks with records and hellos. The server is nginx, or OpenSSL alone, which takes records that nginx refuses.
import struct

from client import Play, ServerHello, TlsClient
from hello import (ALERT, CHANGE_CIPHER_SPEC, ECH, PADDING, client_hello, counted, extension, plain, record, records, server_name,
                   usual)
from trick import trick

OPENSSL = 8443


async def cut_anew(play: Play, cut, port: int = 443, **options) -> None:
    """OpenSSL's hello in other records; cut: from the handshake message and the name's offset to bytes."""
    reader = TlsClient(play.name)
    message = reader.first[5:]
    connection = await play.open(cut(message, message.find(play.name.encode())), reader, port, **options)
    connection.send()
    await connection.finish()


async def by_hand(play: Play, payload: bytes, port: int = 443, pieces: int = 0) -> None:
    """A hello that nobody goes on with: the server's answer to it is enough."""
    connection = await play.open(payload, ServerHello(play.name), port)
    for at in range(0, len(payload), pieces or len(payload)):
        connection.send(at, min(len(payload), at + (pieces or len(payload))))
    await connection.finish()


@trick("records of one byte each, in one segment")
async def records_of_one_byte(play: Play) -> None:
    await cut_anew(play, lambda message, _: records(message, 1))


@trick("records of one byte each, each in a segment of its own")
async def records_of_one_byte_alone(play: Play) -> None:
    reader = TlsClient(play.name)
    connection = await play.open(records(reader.first[5:], 1), reader, 443)
    for at in range(0, len(connection.payload), 6):
        connection.send(at, at + 6)
    await connection.finish()


@trick("records of one byte each, segments that cut their headers, backwards")
async def records_of_one_byte_backwards(play: Play) -> None:
    reader = TlsClient(play.name)
    connection = await play.open(records(reader.first[5:], 1), reader, 443)
    marks = list(range(0, len(connection.payload), 100)) + [len(connection.payload)]
    for start, end in list(zip(marks, marks[1:]))[::-1]:
        connection.send(start, end)
    await connection.finish()


@trick("two records, cut inside the name")
async def record_cut_in_name(play: Play) -> None:
    await cut_anew(play, lambda message, at: record(message[:at + 5]) + record(message[at + 5:]))


@trick("two records, cut inside the message's header")
async def record_cut_in_message_header(play: Play) -> None:
    await cut_anew(play, lambda message, _: record(message[:2]) + record(message[2:]))


@trick("records of other versions")
async def record_versions(play: Play) -> None:
    await cut_anew(play, lambda message, at: record(message[:at + 5], version=0x0300) + record(message[at + 5:], version=0x0303))


@trick("the pieces of a hello in records of growing length")
async def record_lengths(play: Play) -> None:
    await cut_anew(play, lambda message, _: b"".join(record(message[at * (at + 1) // 2:(at + 1) * (at + 2) // 2])
                                                     for at in range(40) if message[at * (at + 1) // 2:]))


@trick("an empty record inside the name", twin="no empty record")
async def empty_record(play: Play) -> None:
    await cut_anew(play, lambda message, at: record(message[:at + 5]) + (record(b"") if play.blocked else b"") + record(message[at + 5:]), OPENSSL)


@trick("change_cipher_spec before the hello", twin="none")
async def cipher_spec_first(play: Play) -> None:
    await cut_anew(play, lambda message, _: (record(b"\x01", CHANGE_CIPHER_SPEC) if play.blocked else b"") + record(message), OPENSSL)


@trick("a warning alert before the hello", twin="none")
async def alert_first(play: Play) -> None:
    await cut_anew(play, lambda message, _: (record(b"\x01\x00", ALERT) if play.blocked else b"") + record(message), OPENSSL)


@trick("a warning alert of an unknown kind before the hello", twin="none")
async def unknown_alert_first(play: Play) -> None:
    await cut_anew(play, lambda message, _: (record(b"\x01\x64", ALERT) if play.blocked else b"") + record(message), OPENSSL)


@trick("change_cipher_spec inside the name", twin="none")
async def cipher_spec_inside(play: Play) -> None:
    await cut_anew(play, lambda message, at: record(message[:at + 5]) + (record(b"\x01", CHANGE_CIPHER_SPEC) if play.blocked else b"")
                   + record(message[at + 5:]), OPENSSL)


@trick("application data before the hello", twin="none")
async def data_first(play: Play) -> None:
    await cut_anew(play, lambda message, _: (record(b"hello", 23) if play.blocked else b"") + record(message), OPENSSL)


@trick("a hello_request before the hello", twin="none")
async def hello_request_first(play: Play) -> None:
    await cut_anew(play, lambda message, _: (record(bytes(4)) if play.blocked else b"") + record(message), OPENSSL)


@trick("a port that is nobody's")
async def unusual_port(play: Play) -> None:
    await cut_anew(play, lambda message, _: record(message), 5223)


@trick("a PROXY header, then the hello")
async def proxy_header(play: Play) -> None:
    await cut_anew(play, lambda message, _: b"PROXY TCP4 192.0.2.7 198.51.100.10 4711 443\r\n" + record(message), 5224)


@trick("a PROXY header of version 2, then the hello, cut inside the name")
async def proxy_header_2(play: Play) -> None:
    head = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + counted(bytes(4) + bytes(4) + struct.pack("!HH", 4711, 443))
    await cut_anew(play, lambda message, at: head + record(message[:at + 5]) + record(message[at + 5:]), 5224)


# Hellos by hand

@trick("a hello by hand")
async def made_by_hand(play: Play) -> None:
    await by_hand(play, record(plain(play.name)))


@trick("the name in upper case")
async def upper_case(play: Play) -> None:
    await by_hand(play, record(plain(play.name.upper())))


@trick("the name in mixed case")
async def mixed_case(play: Play) -> None:
    await by_hand(play, record(plain("".join(letter.upper() if at % 2 else letter for at, letter in enumerate(play.name)))))


@trick("the name with a final dot")
async def final_dot(play: Play) -> None:
    await by_hand(play, record(plain(play.name + ".")))


@trick("a name below the name")
async def name_below(play: Play) -> None:
    await by_hand(play, record(plain("a.b.c." + play.name)))


@trick("labels of 63 letters, 250 in all, before the name")
async def long_name(play: Play) -> None:
    await by_hand(play, record(plain(".".join(["x" * 63] * 3 + ["y" * 40]) + "." + play.name)))


@trick("an underscore and a star before the name")
async def odd_letters(play: Play) -> None:
    await by_hand(play, record(plain("_*." + play.name)))


@trick("a NUL behind the name, and the decoy", twin="no NUL")
async def nul_in_name(play: Play) -> None:
    await by_hand(play, record(plain(play.name.encode() + (b"\0." + play.decoy.encode() if play.blocked else b""))))


@trick("a port behind the name", twin="none")
async def port_in_name(play: Play) -> None:
    await by_hand(play, record(plain(play.name + (":443" if play.blocked else ""))))


@trick("two names in server_name, the decoy first", twin="one name")
async def decoy_then_name(play: Play) -> None:
    names = (play.decoy, play.name) if play.blocked else (play.name,)
    await by_hand(play, record(client_hello([server_name(*names), *usual()])))


@trick("two names in server_name, the decoy last", twin="one name")
async def name_then_decoy(play: Play) -> None:
    names = (play.name, play.decoy) if play.blocked else (play.name,)
    await by_hand(play, record(client_hello([server_name(*names), *usual()])))


@trick("server_name twice, the decoy first", twin="once")
async def server_name_twice(play: Play) -> None:
    first = [server_name(play.decoy)] if play.blocked else []
    await by_hand(play, record(client_hello([*first, *usual(), server_name(play.name)])))


@trick("server_name twice, the decoy last", twin="once")
async def server_name_twice_decoy_last(play: Play) -> None:
    last = [server_name(play.decoy)] if play.blocked else []
    await by_hand(play, record(client_hello([server_name(play.name), *usual(), *last])))


@trick("a decoy of an unknown name type before the name", twin="the name alone")
async def unknown_name_type(play: Play) -> None:
    entries = (b"\x07" + counted(play.decoy.encode()) if play.blocked else b"") + b"\x00" + counted(play.name.encode())
    await by_hand(play, record(client_hello([extension(0, counted(entries)), *usual()])))


@trick("bytes behind the list in server_name", twin="none")
async def bytes_behind_list(play: Play) -> None:
    body = counted(b"\x00" + counted(play.name.encode())) + (b"behind" if play.blocked else b"")
    await by_hand(play, record(client_hello([extension(0, body), *usual()])))


@trick("the name in the last extension, behind unknown ones")
async def name_last(play: Play) -> None:
    grease = [extension(0x0A0A + 0x1010 * at, bytes(at)) for at in range(8)]
    await by_hand(play, record(client_hello([*grease, *usual(), server_name(play.name)])))


@trick("a hello of 16 KiB, the name at its end")
async def hello_of_16k(play: Play) -> None:
    message = client_hello([*usual(), extension(PADDING, bytes(16000)), server_name(play.name)])
    await by_hand(play, record(message))


@trick("a hello of 16 KiB, the name at its end, pieces of 100 bytes")
async def hello_of_16k_in_pieces(play: Play) -> None:
    message = client_hello([*usual(), extension(PADDING, bytes(16000)), server_name(play.name)])
    await by_hand(play, record(message), pieces=100)


@trick("a hello over 16 KiB in two records, the name in the second")
async def hello_over_16k(play: Play) -> None:
    message = client_hello([*usual(), extension(PADDING, bytes(17000)), server_name(play.name)])
    await by_hand(play, records(message, 16384))


@trick("a hello of 60 KiB in four records")
async def hello_of_60k(play: Play) -> None:
    message = client_hello([*usual(), extension(PADDING, bytes(60000)), server_name(play.name)])
    await by_hand(play, records(message, 16000))


@trick("a thousand cipher suites")
async def many_ciphers(play: Play) -> None:
    ciphers = b"".join(struct.pack("!H", 0x5600 + at) for at in range(1000)) + bytes.fromhex("1301c02b")
    await by_hand(play, record(client_hello([server_name(play.name), *usual()], ciphers)))


@trick("no session id")
async def no_session(play: Play) -> None:
    await by_hand(play, record(client_hello([server_name(play.name), *usual()], session=b"")))


@trick("GREASE ECH beside the name")
async def grease_ech(play: Play) -> None:
    grease = extension(ECH, bytes.fromhex("0000010001a30020") + bytes(32) + counted(bytes(208)))
    await by_hand(play, record(client_hello([grease, server_name(play.name), *usual()])))


@trick("behind a hello for the decoy a second one for the name, in one record", twin="one hello")
async def two_hellos(play: Play) -> None:
    await by_hand(play, record((plain(play.decoy) if play.blocked else b"") + plain(play.name)))


@trick("the decoy's hello gets a HelloRetryRequest, and the second hello has the name", twin="both have the name")
async def hello_after_retry(play: Play) -> None:
    first = record(client_hello([server_name(play.decoy), *usual(b"")]))
    reader = ServerHello(play.name)
    connection = await play.open(first, reader, 443)
    connection.send()
    await connection.wait(lambda: reader.served, 1)
    reader.answers = 2
    connection.payload += record(plain(play.name), version=0x0303)
    connection.send(len(first))
    await connection.finish()


@trick("the same, the second hello cut inside the name, backwards", twin="both have the name")
async def hello_after_retry_backwards(play: Play) -> None:
    first = record(client_hello([server_name(play.decoy), *usual(b"")]))
    reader = ServerHello(play.name)
    connection = await play.open(first, reader, 443)
    connection.send()
    await connection.wait(lambda: reader.served, 1)
    reader.answers = 2
    connection.payload += record(plain(play.name), version=0x0303)
    half = connection.payload.rfind(play.name.encode()) + 5
    connection.sent = len(connection.payload)
    connection.send(half)
    connection.send(len(first), half)
    await connection.finish()
