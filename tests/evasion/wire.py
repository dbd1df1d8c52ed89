# evasion: frames as bytes: checksums, IPv4, IPv6, TCP, UDP, and packet sockets in network namespaces.
import ctypes
import ipaddress
import socket
import struct

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 263, 8, 4
TP_STATUS_VLAN_VALID = 0x10
IPV4, IPV6, VLAN, QINQ, PPPOE, MPLS = 0x0800, 0x86DD, 0x8100, 0x88A8, 0x8864, 0x8847
TCP, UDP, FRAGMENT, DESTINATION, HOP_BY_HOP, ROUTING = 6, 17, 44, 60, 0, 43
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
MORE_FRAGMENTS, DONT_FRAGMENT = 0x2000, 0x4000


def checksum(data: bytes) -> int:
    total = int.from_bytes(data + bytes(len(data) % 2), "big") % 0xFFFF
    return 0xFFFF - (total or 0xFFFF)


def packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def ipv4(source: str, target: str, protocol: int, payload: bytes, *, ttl: int = 64, ident: int = 0,
         fragment: int = DONT_FRAGMENT, options: bytes = b"", bad_checksum: bool = False) -> bytes:
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words, 0, words * 4 + len(payload), ident, fragment, ttl, protocol, 0,
                       packed(source), packed(target)) + options
    total = checksum(head) ^ (0x5555 if bad_checksum else 0)
    return head[:10] + struct.pack("!H", total) + head[12:] + payload


def ipv6(source: str, target: str, protocol: int, payload: bytes, *, ttl: int = 64) -> bytes:
    return struct.pack("!IHBB16s16s", 6 << 28, len(payload), protocol, ttl, packed(source), packed(target)) + payload


def with_checksum(source: str, target: str, protocol: int, segment: bytes, at: int, bad: bool = False) -> bytes:
    """The segment with its transport checksum at offset `at`."""
    pseudo = packed(source) + packed(target) + struct.pack("!II", len(segment), protocol)
    total = checksum(pseudo + segment) ^ (0x5555 if bad else 0)
    return segment[:at] + struct.pack("!H", total) + segment[at + 2:]


def tcp(source: str, target: str, ports: tuple[int, int], seq: int, ack: int, flags: int, data: bytes = b"", *,
        window: int = 64240, urgent: int = 0, options: bytes = b"", bad_checksum: bool = False) -> bytes:
    options += bytes(-len(options) % 4)
    head = struct.pack("!HHIIBBHHH", *ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, (5 + len(options) // 4) << 4, flags,
                       window, 0, urgent)
    return with_checksum(source, target, TCP, head + options + data, 16, bad_checksum)


def udp(source: str, target: str, ports: tuple[int, int], data: bytes, bad_checksum: bool = False) -> bytes:
    head = struct.pack("!HHHH", *ports, 8 + len(data), 0)
    return with_checksum(source, target, UDP, head + data, 6, bad_checksum)


def ip_payload(packet: bytes) -> tuple[str, int, bytes]:
    """The destination, the protocol and the payload of a packet without extension headers."""
    if packet[0] >> 4 == 4:
        length = struct.unpack_from("!H", packet, 2)[0]
        return socket.inet_ntoa(packet[16:20]), packet[9], packet[(packet[0] & 15) * 4:length]
    return socket.inet_ntop(socket.AF_INET6, packet[24:40]), packet[6], packet[40:40 + struct.unpack_from("!H", packet, 4)[0]]


def source_of(packet: bytes) -> str:
    at, size = (12, 4) if packet[0] >> 4 == 4 else (8, 16)
    return str(ipaddress.ip_address(packet[at:at + size]))


def unwrapped(frame: bytes) -> tuple[bytes, bytes] | None:
    """What stands between the MAC addresses and the IP packet, and the packet; None where there is no IP."""
    at = 12
    while True:
        kind = int.from_bytes(frame[at:at + 2], "big")
        at += 2
        if kind in (VLAN, QINQ):
            at += 2
        elif kind == PPPOE:
            return frame[12:at + 8], frame[at + 8:]
        elif kind == MPLS:
            while not frame[at + 2] & 1:
                at += 4
            return frame[12:at + 4], frame[at + 4:]
        else:
            return (frame[12:at], frame[at:]) if kind in (IPV4, IPV6) else None


def wrapped(wrap: bytes, packet: bytes) -> bytes:
    """What unwrapped() takes apart; no wrap: the plain packet's own type."""
    if wrap[-10:-8] == struct.pack("!H", PPPOE):
        wrap = wrap[:-4] + struct.pack("!H", 2 + len(packet)) + wrap[-2:]
    return (wrap or struct.pack("!H", IPV6 if packet[0] >> 4 == 6 else IPV4)) + packet


class Port:
    """A packet socket on an interface in another network namespace."""

    def __init__(self, namespace: str, interface: str) -> None:
        self.socket = inside(namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)),
                             lambda port: port.bind((interface, ETH_P_ALL)))
        self.socket.setblocking(False)
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
        self.socket.setsockopt(socket.SOL_SOCKET, 32, 16 << 20)  # SO_SNDBUFFORCE

    def send(self, frame: bytes) -> None:
        self.socket.send(frame)

    def receive(self) -> bytes | None:
        """The next frame that came in, its VLAN tag put back, which the kernel takes out; None for one that went out."""
        frame, ancillary, _, sender = self.socket.recvmsg(65535, 64)
        if sender[2] == PACKET_OUTGOING:
            return None
        for level, kind, data in ancillary:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, _, _, _, _, tci, tpid = struct.unpack_from("IIIHHHH", data)
                if status & TP_STATUS_VLAN_VALID:
                    return frame[:12] + struct.pack("!HH", tpid or VLAN, tci) + frame[12:]
        return frame


def inside(namespace: str, make, *then):
    """Runs in a network namespace, and comes back."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, open(f"/run/netns/{namespace}") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {namespace}")
        try:
            made = make()
            for step in then:
                step(made)
            return made
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)
