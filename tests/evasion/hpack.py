# evasion: HTTP/2 frames and HPACK (RFC 9113, RFC 7541), as much as a client of few headers needs.
import struct

from client import Pages

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, SETTINGS = 0, 1, 2, 4
END_STREAM, END_HEADERS, PADDED, HAS_PRIORITY, IS_ACK = 1, 4, 8, 32, 1
# RFC 7541 appendix B, for the letters of host names: code and bits.
HUFFMAN = {"a": (0x3, 5), "b": (0x23, 6), "c": (0x4, 5), "d": (0x24, 6), "e": (0x5, 5), "h": (0x27, 6), "k": (0x75, 7),
           "l": (0x28, 6), "m": (0x29, 6), "n": (0x2A, 6), "o": (0x7, 5), "p": (0x2B, 6), "r": (0x2C, 6), "t": (0x9, 5),
           "w": (0x78, 7), "x": (0x79, 7), ".": (0x17, 6)}


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + payload


def settings(flags: int = 0) -> bytes:
    return frame(SETTINGS, flags, 0, b"")


def opening() -> bytes:
    return PREFACE + settings()


def data_frame(stream: int, data: bytes) -> bytes:
    return frame(DATA, END_STREAM, stream, data)


def headers_frame(stream: int, block: bytes, *, kind: int = HEADERS, end_headers: bool = True, end_stream: bool = True,
                  padding: int = 0, priority: bool = False) -> bytes:
    flags = END_HEADERS * end_headers | (END_STREAM * end_stream | PADDED * bool(padding) | HAS_PRIORITY * priority) * (kind == HEADERS)
    payload = (bytes([padding]) if padding else b"") + (struct.pack("!IB", 0, 15) if priority else b"") + block + bytes(padding)
    return frame(kind, flags, stream, payload)


def literal(index: int, value: str, huffman: bool, store: bool = False) -> bytes:
    """A header whose name is in the static table."""
    name = bytes([0x40 | index]) if store else bytes([index]) if index < 15 else bytes([15, index - 15])
    if not huffman:
        return name + bytes([len(value)]) + value.encode()
    bits = "".join(format(HUFFMAN[letter][0], f"0{HUFFMAN[letter][1]}b") for letter in value)
    bits += "1" * (-len(bits) % 8)
    coded = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return name + bytes([0x80 | len(coded)]) + coded


class H2cReader(Pages):
    """Waits for the page of a site in DATA; acknowledges the server's settings."""

    def feed(self, data: bytes) -> bytes:
        self.text += data
        return settings(IS_ACK) if data[3:5] == bytes([SETTINGS, 0]) else b""
