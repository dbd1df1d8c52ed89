# evasion: QUIC Initials by hand (RFC 9000, 9001, 9369).
import struct
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.hmac import HMAC

import hello

V1, V2 = 0x00000001, 0x6B3343CF
SALTS = {V1: bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), V2: bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")}
LABELS = {V1: "quic", V2: "quicv2"}
INITIAL_BITS = {V1: 0, V2: 1}
SMALLEST = 1200
PING = b"\x01"


def varint(value: int, size: int = 0) -> bytes:
    """size: 1, 2, 4 or 8 bytes; 0 for as few as it takes."""
    size = size or next(room for room in (1, 2, 4, 8) if value < 1 << (room * 8 - 2))
    return (value | {1: 0, 2: 1, 4: 2, 8: 3}[size] << (size * 8 - 2)).to_bytes(size, "big")


def expand(secret: bytes, label: str, length: int) -> bytes:
    text = b"tls13 " + label.encode()
    return HKDFExpand(SHA256(), length, struct.pack("!H", length) + hello.counted(text, 1) + b"\0").derive(secret)


def client_keys(destination: bytes, version: int) -> tuple[bytes, bytes, bytes]:
    extract = HMAC(SALTS[version], SHA256())
    extract.update(destination)
    secret = expand(extract.finalize(), "client in", 32)
    return tuple(expand(secret, f"{LABELS[version]} {label}", size) for label, size in (("key", 16), ("iv", 12), ("hp", 16)))


def crypto(message: bytes, start: int, end: int, size: int = 0) -> bytes:
    """A CRYPTO frame with the message from start to end."""
    data = message[start:end]
    return b"\x06" + varint(start, size) + varint(len(data), size) + data


@dataclass
class Connection:
    """What the Initials of one connection have in common."""
    destination: bytes
    source: bytes
    version: int = V1
    token: bytes = b""
    number: int = field(default=0)  # of the next packet

    def hello(self, name: str, padding: int = 0) -> bytes:
        parameters = b"".join(varint(kind) + hello.counted(value, 1) for kind, value in (
            (0x0F, self.source), (0x04, varint(1 << 20)), (0x05, varint(1 << 18)), (0x07, varint(1 << 18)), (0x08, varint(10)), (0x09, varint(10))))
        extensions = [hello.extension(hello.PADDING, bytes(padding))] * bool(padding) + [
            hello.server_name(name), *(one for one in hello.usual() if one[:2] not in (b"\0\x2b", b"\0\x0b")),
            hello.extension(hello.VERSIONS, b"\x02\x03\x04"), hello.extension(hello.ALPN, hello.counted(b"\x02h3")),
            hello.extension(hello.QUIC, parameters)]
        return hello.client_hello(extensions, bytes.fromhex("13011302"), b"")

    def packet(self, frames: bytes, size: int = SMALLEST, *, number_bytes: int = 4, fixed: int = 0x40, spoilt: bool = False) -> bytes:
        """An Initial, padded to `size` bytes; spoilt: its tag does not fit."""
        key, iv, mask_key = client_keys(self.destination, self.version)
        head = struct.pack("!BI", 0x80 | fixed | INITIAL_BITS[self.version] << 4 | number_bytes - 1, self.version) \
            + hello.counted(self.destination, 1) + hello.counted(self.source, 1) + varint(len(self.token)) + self.token
        frames = frames.ljust(max(size - len(head) - 2 - number_bytes - 16, 4), b"\0")
        head += varint(number_bytes + len(frames) + 16, 2)
        number = self.number.to_bytes(4, "big")[-number_bytes:]
        nonce = (int.from_bytes(iv, "big") ^ self.number).to_bytes(12, "big")
        self.number += 1
        sealed = AESGCM(key).encrypt(nonce, frames, head + number)
        if spoilt:
            sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        mask = Cipher(algorithms.AES(mask_key), modes.ECB()).encryptor().update(sealed[4 - number_bytes:20 - number_bytes])
        first = head[0] ^ mask[0] & 0x0F
        return bytes([first]) + head[1:] + bytes(a ^ b for a, b in zip(number, mask[1:])) + sealed


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    size = 1 << (data[at] >> 6)
    return int.from_bytes(data[at:at + size], "big") & (1 << (size * 8 - 2)) - 1, at + size


def kinds(datagram: bytes) -> list[str]:
    """The coalesced packets of a server's datagram; a handshake packet comes only when it has taken the hello."""
    found, at = [], 0
    while at + 7 < len(datagram) and datagram[at] & 0x80:
        version, = struct.unpack_from("!I", datagram, at + 1)
        if version == 0:
            return [*found, "version negotiation"]
        kind = ("initial", "0-rtt", "handshake", "retry")[(datagram[at] >> 4 & 3) - (version == V2) & 3]
        found.append(kind)
        where = at + 6 + datagram[at + 5]
        where += 1 + datagram[where]
        if kind == "retry":
            return found
        if kind == "initial":
            size, where = read_varint(datagram, where)
            where += size
        size, where = read_varint(datagram, where)
        at = where + size
    return found
