# evasion: ClientHellos by hand, for what no TLS library would send.
import struct

SERVER_NAME, GROUPS, POINTS, SIGNATURES, PADDING, VERSIONS, KEY_SHARE, ALPN, QUIC, ECH = 0, 10, 11, 13, 21, 43, 51, 16, 57, 0xFE0D
X25519_BASE = bytes([9]) + bytes(31)  # a key share like another; nobody goes on with it
HANDSHAKE, ALERT, CHANGE_CIPHER_SPEC = 22, 21, 20


def extension(kind: int, body: bytes) -> bytes:
    return struct.pack("!HH", kind, len(body)) + body


def counted(body: bytes, size: int = 2) -> bytes:
    return len(body).to_bytes(size, "big") + body


def server_name(*names: str | bytes, kind: int = 0) -> bytes:
    entries = b"".join(bytes([kind]) + counted(name.encode() if isinstance(name, str) else name) for name in names)
    return extension(SERVER_NAME, counted(entries))


def usual(shares: bytes | None = None) -> list[bytes]:
    """The extensions of a TLS 1.3 client; shares: its key shares, none of them for a retry."""
    shares = struct.pack("!HH", 29, 32) + X25519_BASE if shares is None else shares
    return [extension(GROUPS, counted(struct.pack("!2H", 29, 23))), extension(POINTS, b"\x01\x00"),
            extension(SIGNATURES, counted(struct.pack("!4H", 0x0403, 0x0804, 0x0401, 0x0503))),
            extension(VERSIONS, counted(struct.pack("!2H", 0x0304, 0x0303), 1)), extension(KEY_SHARE, counted(shares))]


def client_hello(extensions: list[bytes], ciphers: bytes = bytes.fromhex("13011302c02bc02f"), session: bytes = bytes(range(32))) -> bytes:
    body = b"\x03\x03" + b"evasion!" * 4 + counted(session, 1) + counted(ciphers) + b"\x01\x00" + counted(b"".join(extensions))
    return b"\x01" + counted(body, 3)


def record(content: bytes, kind: int = HANDSHAKE, version: int = 0x0301) -> bytes:
    return struct.pack("!BHH", kind, version, len(content)) + content


def records(content: bytes, size: int, **options) -> bytes:
    return b"".join(record(content[at:at + size], **options) for at in range(0, len(content), size))


def plain(name: str | bytes) -> bytes:
    return client_hello([server_name(name), *usual()])
