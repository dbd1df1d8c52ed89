# evasion: behind the gateway: unwraps frames for the server's kernel, and lets models of other stacks read along.
import asyncio
import fcntl
import os
import struct
from collections import defaultdict

import wire
from client import CLIENT_MAC, ROUTER_MAC

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000


def open_tun(name: str) -> int:
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return tun


# A tunnel's UDP port, and how many bytes stand before the packet in it.
TUNNELS = {4789: 22, 6081: 8, 2152: 8}


def tunnelled(packet: bytes) -> bytes | None:
    """The IPv4 packet inside IPIP, GRE, VXLAN, Geneve or GTP."""
    _, protocol, payload = wire.ip_payload(packet)
    if packet[0] >> 4 == 4 and protocol == 4:
        return payload
    if protocol == 47:
        return payload[4:]
    if protocol == wire.UDP and (head := TUNNELS.get(int.from_bytes(payload[2:4], "big"))):
        return payload[8 + head:]
    return None


class FarSide:
    """Sees every frame that left the gateway towards the line."""

    def __init__(self, lab: str) -> None:
        self.port = wire.Port(f"{lab}-router", "eth0")
        self.tun = wire.inside(f"{lab}-router", lambda: open_tun("wrapped"))
        self.wraps: dict[str, bytes] = {}          # by client
        self.models: dict[str, list] = defaultdict(list)   # by client: read(packet) -> name or None
        self.names: dict[str, set[str]] = defaultdict(set)  # by client: what the models would have served
        loop = asyncio.get_running_loop()
        loop.add_reader(self.port.socket, self._frames)
        loop.add_reader(self.tun, self._answers)

    def _frames(self) -> None:
        for _ in range(64):
            try:
                frame = self.port.receive()
            except BlockingIOError:
                return
            if frame and (found := wire.unwrapped(frame)):
                self._packet(*found)

    def _packet(self, wrap: bytes, packet: bytes) -> None:
        source = wire.source_of(packet)
        if inner := tunnelled(packet):
            os.write(self.tun, inner)
            return
        for model in self.models[source] if source in self.models else ():
            if name := model(packet):
                self.names[source].add(name)
        if len(wrap) > 2:
            self.wraps[source] = wrap
            os.write(self.tun, packet)

    def _answers(self) -> None:
        try:
            while packet := os.read(self.tun, 65536):
                target = wire.ip_payload(packet)[0]
                if target in self.wraps:
                    self.port.send(CLIENT_MAC + ROUTER_MAC + wire.wrapped(self.wraps[target], packet))
        except BlockingIOError:
            pass
