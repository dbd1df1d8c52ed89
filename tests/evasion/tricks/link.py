# evasion: tricks below IP. What leaves the gateway is unwrapped for the server's kernel, as a router there would.
import struct

import wire
from client import CLIENT_MAC, ROUTER_MAC, Play
from trick import trick
from tricks.ip import fragments, hello_in


def tag(number: int, kind: int = wire.VLAN) -> bytes:
    return struct.pack("!HH", kind, number)


def labels(*values: int) -> bytes:
    """MPLS: the last label has the bottom bit."""
    return struct.pack("!H", wire.MPLS) + b"".join(struct.pack("!I", value << 12 | (at == len(values) - 1) << 8 | 64)
                                                   for at, value in enumerate(values))


IP = struct.pack("!H", wire.IPV4)
ROUTER = "198.51.100.1"
SESSION = struct.pack("!HBBHHH", wire.PPPOE, 0x11, 0, 0x1234, 0, 0x0021)


def wrapped_in(name: str, what: str, wrap: bytes, twin: str = "") -> None:
    async def play_it(play: Play) -> None:
        await hello_in(play, lambda packet: [packet], wrap=b"" if twin and play.honest else wrap)
    play_it.__module__ = __name__
    trick(what, name=name, twin=twin)(play_it)


wrapped_in("vlan", "a VLAN tag", tag(20) + IP)
wrapped_in("priority-tag", "a priority tag: VLAN 0", tag(0xA000) + IP)
wrapped_in("qinq", "QinQ", tag(30, wire.QINQ) + tag(20) + IP)
wrapped_in("two-vlans", "two VLAN tags of the old kind", tag(30) + tag(20) + IP)
wrapped_in("five-vlans", "five VLAN tags", b"".join(map(tag, range(2, 7))) + IP, "no tag")
wrapped_in("forty-vlans", "forty VLAN tags", b"".join(map(tag, range(2, 42))) + IP, "no tag")
wrapped_in("mpls", "an MPLS label", labels(1000))
wrapped_in("mpls-three", "three MPLS labels", labels(1000, 1001, 1002))
wrapped_in("pppoe", "a PPPoE session", SESSION)
wrapped_in("vlan-pppoe", "a PPPoE session in a VLAN", tag(20) + SESSION)
wrapped_in("vlan-mpls", "MPLS in a VLAN", tag(20) + labels(1000))


def changing(name: str, what: str, wraps: list[bytes]) -> None:
    """Segments of one connection with one wrap after another."""
    async def play_it(play: Play) -> None:
        connection = await play.open_tls(wrap=wraps[0])
        marks = [0, connection.name_at + 5, len(connection.payload)]
        for at, (start, end) in enumerate(zip(marks, marks[1:])):
            connection.wrap = wraps[0] if play.honest else wraps[(at + 1) % len(wraps)]
            connection.send(start, end)
        await connection.finish()
    play_it.__module__ = __name__
    trick(what, name=name, twin="one wrap")(play_it)


changing("vlan-changes", "half of the name in one VLAN, half in another", [tag(20) + IP, tag(30) + IP])
changing("tag-disappears", "half of the name tagged, half not", [tag(20) + IP, IP])
changing("mpls-changes", "half of the name under one label, half under another", [labels(1000), labels(2000)])
changing("pppoe-changes", "half of the name in one PPPoE session, half in another", [SESSION, SESSION[:4] + b"\x43\x21" + SESSION[6:]])


@trick("fragments of 8 bytes in a VLAN")
async def fragments_in_vlan(play: Play) -> None:
    await hello_in(play, lambda packet: fragments(packet, 8), wrap=tag(20) + IP)


@trick("fragments of one packet in two VLANs", twin="in one")
async def fragments_in_two_vlans(play: Play) -> None:
    connection = await play.open_tls(wrap=tag(20) + IP)

    def alternate(packet: bytes) -> list[bytes]:
        pieces = fragments(packet, 16)
        for at, piece in enumerate(pieces):
            play.lan.send(piece, tag(20 + 10 * (at % 2 and play.blocked)) + IP)
        return []
    connection.send(carry=alternate)
    await connection.finish()


@trick("frames to a group address", twin="to the router")
async def group_address(play: Play) -> None:
    connection = await play.open_tls()

    def to_group(packet: bytes) -> list[bytes]:
        play.lan.port.send((b"\x01\0\x5e\0\0\1" if play.blocked else ROUTER_MAC) + CLIENT_MAC + wire.wrapped(b"", packet))
        return []
    connection.send(carry=to_group)
    await connection.finish()


# Tunnels: a server at their end would take the packet out.

def tunnelled(name: str, what: str, protocol: int, inside) -> None:
    """inside: from a packet to what stands behind the outer IP header."""
    async def play_it(play: Play) -> None:
        await hello_in(play, lambda packet: [packet] if play.honest else [wire.ipv4(play.address, ROUTER, protocol, inside(play, packet))])
    play_it.__module__ = __name__
    trick(what, name=name, twin="no tunnel", model="a router with that tunnel's end")(play_it)


def in_udp(port: int, head):
    """head: from a packet to the tunnel's header."""
    return lambda play, packet: wire.udp(play.address, ROUTER, (40000, port), head(packet) + packet)


tunnelled("ipip", "the hello's segments in IPIP", 4, lambda play, packet: packet)
tunnelled("gre", "the hello's segments in GRE", 47, lambda play, packet: b"\0\0\x08\0" + packet)
tunnelled("vxlan", "the hello's segments in VXLAN", wire.UDP, in_udp(4789, lambda packet: b"\x08\0\0\0\0\0\x07\0" + bytes(12) + IP))
tunnelled("gtp", "the hello's segments in GTP", wire.UDP, in_udp(2152, lambda packet: struct.pack("!BBHI", 0x30, 0xFF, len(packet), 7)))
tunnelled("geneve", "the hello's segments in Geneve", wire.UDP, in_udp(6081, lambda packet: b"\0\0\x08\0\0\0\1\0"))
