#!/usr/bin/python3
# smoke: sends each kind of link control into one side of the gateway and looks for the very same frame on the other.
"""frames.py LAB: prints `ok` or `not ok` for each kind and direction; needs scapy."""
import ctypes
import os
import select
import socket
import sys
import time

from scapy.all import (ARP, BOOTP, DHCP, IP, TCP, UDP, Dot3, Ether, ICMPv6EchoRequest, ICMPv6MLReport, ICMPv6ND_NA,
                       ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_RS, IPv6, IPv6ExtHdrHopByHop, LLC, STP, Raw, RouterAlert)
from scapy.layers.dhcp6 import DHCP6_Solicit
from scapy.layers.hsrp import HSRP
from scapy.layers.vrrp import VRRP

CLONE_NEWNET = 0x40000000
LAN_MAC, LINE_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"


def ipv4_kinds(mac: str) -> dict:
    def to(group: str, ethernet: str):
        return Ether(src=mac, dst=ethernet) / IP(src="10.20.1.7", dst=group, ttl=1)

    dhcp = Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    link = Ether(src=mac, dst="02:00:00:00:00:09") / IP(src="192.0.2.1", dst="192.0.2.2", ttl=255)
    return {
        "IGMP": to("224.0.0.22", "01:00:5e:00:00:16") / Raw(bytes.fromhex("2200f9fd0000000104000000e0000005")),
        "DHCPv4": dhcp / BOOTP(chaddr=bytes(6)) / DHCP(options=[("message-type", "discover"), "end"]),
        "VRRP": Ether(src=mac, dst="01:00:5e:00:00:12") / IP(src="10.20.1.7", dst="224.0.0.18", ttl=255) / VRRP(vrid=1, addrlist=["10.20.0.1"]),
        "HSRP": to("224.0.0.2", "01:00:5e:00:00:02") / UDP(sport=1985, dport=1985) / HSRP(virtualIP="10.20.0.1"),
        "OSPF between the link's routers": link / Raw(bytes.fromhex("0201002c0a000001000000000000") + bytes(30)),
        "BFD between the link's routers": link / UDP(sport=49152, dport=3784) / Raw(bytes(24)),
        "BGP between the link's routers": link / TCP(sport=30000, dport=179, flags="S", seq=1),
    }


def ipv6_kinds(mac: str) -> dict:
    here, router = "fe80::1", "fe80::2"

    def to(group: str, ethernet: str):
        return Ether(src=mac, dst=ethernet) / IPv6(src=here, dst=group, hlim=255)

    return {
        "router solicitation": to("ff02::2", "33:33:00:00:00:02") / ICMPv6ND_RS(),
        "router advertisement": to("ff02::1", "33:33:00:00:00:01") / ICMPv6ND_RA(),
        "neighbour solicitation": to("ff02::1:ff00:2", "33:33:ff:00:00:02") / ICMPv6ND_NS(tgt=router),
        "neighbour advertisement": to("ff02::1", "33:33:00:00:00:01") / ICMPv6ND_NA(tgt=here),
        "MLD": Ether(src=mac, dst="33:33:00:00:00:16") / IPv6(src=here, dst="ff02::16", hlim=1)
        / IPv6ExtHdrHopByHop(options=RouterAlert()) / ICMPv6MLReport(mladdr="ff02::5"),
        "DHCPv6": to("ff02::1:2", "33:33:00:01:00:02") / UDP(sport=546, dport=547) / DHCP6_Solicit(trid=7),
    }


def kinds(mac: str) -> dict:
    """Every kind of frame that must cross whatever the policy says; OSPF and IGMP get their protocol numbers here."""
    frames = ipv4_kinds(mac) | ipv6_kinds(mac)
    frames["IGMP"][IP].proto, frames["OSPF between the link's routers"][IP].proto = 2, 89
    frames["ARP"] = Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=mac, psrc="10.20.1.7", pdst="10.20.0.1")
    frames["LLDP"] = Ether(src=mac, dst="01:80:c2:00:00:0e", type=0x88CC) / Raw(bytes.fromhex("0207040200000000010403657468060200780000"))
    frames["LACP"] = Ether(src=mac, dst="01:80:c2:00:00:02", type=0x8809) / Raw(bytes([1, 1, 1, 20]) + bytes(106))
    frames["STP"] = Dot3(src=mac, dst="01:80:c2:00:00:00") / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP()
    return frames


def not_link_control(mac: str) -> dict:
    """What looks like it and is not; the policy blocks it."""
    return {
        "OSPF between others": Ether(src=mac, dst="02:00:00:00:00:09") / IP(src="10.99.0.9", dst="192.0.2.2", ttl=1, proto=89) / Raw(bytes(44)),
        "an unregistered echo request": Ether(src=mac, dst="33:33:00:00:00:09") / IPv6(src="2001:db8:9::9", dst="2001:db8::9") / ICMPv6EchoRequest(),
    }


def open_in(namespace: str, interface: str) -> socket.socket:
    """A packet socket in a namespace, without changing where this program is."""
    libc, home = ctypes.CDLL(None, use_errno=True), os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(there, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), f"setns {namespace}")
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    port.bind((interface, 3))
    libc.setns(home, CLONE_NEWNET)
    os.close(home), os.close(there)
    return port


def crosses(sender: socket.socket, receiver: socket.socket, frame: bytes) -> bool:
    while select.select([receiver], [], [], 0)[0]:
        receiver.recv(65535)
    sender.send(frame)
    until = time.monotonic() + 0.5
    while (left := until - time.monotonic()) > 0:
        if select.select([receiver], [], [], left)[0] and receiver.recv(65535).ljust(60, b"\0") == frame.ljust(60, b"\0"):
            return True
    return False


def main() -> int:
    lab = sys.argv[1]
    lan, line = open_in(f"{lab}-lan", "to-gw"), open_in(f"{lab}-line", "eth0")
    failed = 0
    for way, sender, receiver, mac in (("LAN to line", lan, line, LAN_MAC), ("line to LAN", line, lan, LINE_MAC)):
        for wanted, frames in ((True, kinds(mac)), (False, not_link_control(mac))):
            for name, frame in frames.items():
                good = crosses(sender, receiver, bytes(frame)) == wanted
                failed += not good
                print("ok" if good else "not ok", f"- {way}: {name}", "crosses" if wanted else "does not cross")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
