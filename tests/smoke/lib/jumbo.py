#!/usr/bin/env python3
# smoke: captures of frames larger than a packet buffer: `write FILE`, and `same SENT RECEIVED`.
import hashlib
import random
import struct
import sys

FRAMES, LARGEST = 60, 9000
STAFF, HEADQUARTERS = bytes((10, 20, 1, 7)), bytes((10, 64, 3, 2))
ETHERNET = bytes.fromhex("020000000002020000000001")


def ip_checksum(header: bytes) -> int:
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def datagram(data: bytes) -> bytes:
    """UDP to headquarters, which a rule allows by its prefix; without checksum, as IPv4 may."""
    udp = struct.pack("!4H", 40000, 5000, 8 + len(data), 0) + data
    fields = ["!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, STAFF, HEADQUARTERS]
    fields[8] = ip_checksum(struct.pack(*fields))
    return ETHERNET + b"\x08\0" + struct.pack(*fields) + udp


def write(path: str) -> None:
    chance = random.Random(7)
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for number in range(FRAMES):
            data = chance.randbytes(chance.randint(1500, LARGEST - 28))
            frame = datagram(data) if number % 2 else ETHERNET + b"\x88\xcc" + data
            file.write(struct.pack("<4I", number, 0, len(frame), len(frame)) + frame)


def frames(path: str) -> list[str]:
    data = open(path, "rb").read()
    found, at = [], 24
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        found.append(hashlib.sha256(data[at + 16 : at + 16 + size]).hexdigest())
        at += 16 + size
    return found


def same(sent: str, received: str) -> int:
    wanted, got = frames(sent), frames(received)
    # Packets of one flow keep their order; what needs no flow may overtake them within a burst.
    if sorted(wanted) == sorted(got) and len(got) == FRAMES:
        return 0
    print(f"{len(wanted)} frames sent, {len(got)} came through, {len(set(wanted) & set(got))} of them unharmed")
    return 1


if __name__ == "__main__":
    sys.exit(write(sys.argv[2]) if sys.argv[1] == "write" else same(sys.argv[2], sys.argv[3]))
