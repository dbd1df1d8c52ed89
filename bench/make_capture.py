#!/usr/bin/env python3
# bench: makes the captures that the benchmarks play: TLS flows of staff, handshake, hello and data.
"""make_capture.py [options] LAN_FILE [LINE_FILE]

LAN_FILE holds what the clients send, LINE_FILE what the servers answer; each in the order in which it would be sent,
the flows interleaved: all SYNs, then all hellos, then one round of data after the other. Checksums are right.
"""
import argparse
import random
import struct

CLIENT_MAC, ROUTER_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
SERVER = bytes([198, 51, 100, 12])
IMIX = (64,) * 7 + (576,) * 4 + (1500,)  # bytes of frames, as often as each comes
SYN, PUSH, ACK = 0x02, 0x08, 0x10
HEADERS = 14 + 20 + 20


def checksum(data: bytes) -> int:
    """RFC 1071: the sum of 16-bit words modulo 65535, which Python does in one division."""
    if len(data) % 2:
        data += b"\0"
    value = 0xFFFF - int.from_bytes(data, "big") % 0xFFFF
    return value & 0xFFFF


def frame(flow: dict, from_client: bool, seq: int, ack: int, flags: int, payload: bytes = b"", options: bytes = b"") -> bytes:
    source, target = (flow["client"], SERVER) if from_client else (SERVER, flow["client"])
    ports = (flow["port"], 443) if from_client else (443, flow["port"])
    offset = (20 + len(options)) // 4 << 4
    segment = struct.pack("!HHIIBBHHH", *ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, offset, flags, 64240, 0, 0) + options + payload
    pseudo = source + target + struct.pack("!BBH", 0, 6, len(segment))
    segment = segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0x4000, 64, 6, 0) + source + target
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    macs = ROUTER_MAC + CLIENT_MAC if from_client else CLIENT_MAC + ROUTER_MAC
    return (macs + b"\x08\x00" + ip + segment).ljust(60, b"\0")


def extension(kind: int, body: bytes) -> bytes:
    return struct.pack("!HH", kind, len(body)) + body


def hello(host: bytes, noise: random.Random) -> bytes:
    """A TLS 1.3 ClientHello of one segment (RFC 8446 4.1.2)."""
    name = struct.pack("!HBH", len(host) + 3, 0, len(host)) + host
    extensions = (extension(0, name) + extension(10, b"\0\2\0\x1d") + extension(13, b"\0\4\4\3\x08\4")
                  + extension(43, b"\2\3\4") + extension(51, struct.pack("!HHH", 36, 0x1D, 32) + noise.randbytes(32)))
    body = (b"\3\3" + noise.randbytes(32) + b"\x20" + noise.randbytes(32) + b"\0\6\x13\1\x13\2\x13\3" + b"\1\0"
            + struct.pack("!H", len(extensions)) + extensions)
    message = b"\1" + struct.pack("!I", len(body))[1:] + body
    return b"\x16\3\1" + struct.pack("!H", len(message)) + message


def data_record(size: int) -> bytes:
    """Application data so that the frame has `size` bytes, its checksum sequence not counted."""
    length = max(size - 4 - HEADERS, 6)
    return b"\x17\3\3" + struct.pack("!H", length - 5) + bytes(length - 5)


def flows_of(count: int, noise: random.Random) -> list[dict]:
    return [{"client": bytes([10, 20, 1 + number % 6, 1 + number // 6 % 250]), "port": 20000 + number // 1500,
             "hello": hello(b"www%d.news.example" % (number % 1000), noise), "seq": 1_000_000 + number * 77,
             "ack": 2_000_000 + number * 91} for number in range(count)]


def handshakes(flows: list[dict]) -> tuple[list[bytes], list[bytes]]:
    options = bytes.fromhex("020405b4")
    lan = [frame(flow, True, flow["seq"] - 1, 0, SYN, options=options) for flow in flows]
    line = [frame(flow, False, flow["ack"] - 1, flow["seq"], SYN | ACK, options=options) for flow in flows]
    return lan + [frame(flow, True, flow["seq"], flow["ack"], ACK) for flow in flows], line


def frames_of(flows: list[dict], packets: int, mix: bool, handshake: bool, noise: random.Random) -> tuple[list[bytes], list[bytes]]:
    """packets: of data for each flow and direction."""
    lan, line = handshakes(flows) if handshake else ([], [])
    lan += [frame(flow, True, flow["seq"], flow["ack"], ACK | PUSH, flow["hello"]) for flow in flows]
    line += [frame(flow, False, flow["ack"], flow["seq"] + len(flow["hello"]), ACK) for flow in flows]
    for flow in flows:
        flow["seq"] += len(flow["hello"])
    for _ in range(packets):
        for flow in flows:
            up, down = (data_record(noise.choice(IMIX) if mix else 64) for _ in range(2))
            lan.append(frame(flow, True, flow["seq"], flow["ack"], ACK, up))
            flow["seq"] += len(up)
            line.append(frame(flow, False, flow["ack"], flow["seq"], ACK, down))
            flow["ack"] += len(down)
    return lan, line


def write(path: str, frames: list[bytes]) -> None:
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, data in enumerate(frames):
            file.write(struct.pack("<IIII", number // 1_000_000, number % 1_000_000, len(data), len(data)) + data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, default=2000)
    parser.add_argument("--packets", type=int, default=13, help="of data for each flow and direction")
    parser.add_argument("--size", choices=("64", "mix"), default="64")
    parser.add_argument("--no-handshake", dest="handshake", action="store_false",
                        help="begin each flow with its hello: played in a loop, a SYN would open the flow anew each time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("lan")
    parser.add_argument("line", nargs="?")
    options = parser.parse_args()
    noise = random.Random(options.seed)
    lan, line = frames_of(flows_of(options.flows, noise), options.packets, options.size == "mix", options.handshake, noise)
    write(options.lan, lan)
    if options.line:
        write(options.line, line)


if __name__ == "__main__":
    main()
