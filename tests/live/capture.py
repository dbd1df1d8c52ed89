# live: what a browser's hello looked like on the LAN, by a capture and tshark.
import json
import signal
import subprocess
import tempfile
from pathlib import Path

from visits import LAB, Outcome

X25519MLKEM768 = 4588
ECH = 65037


class Capture:
    """dumpcap on the gateway's LAN cable, where frames are cut as on a wire; the with block begins when it runs."""

    def __init__(self) -> None:
        self.directory = tempfile.TemporaryDirectory(prefix="sluice-live-")
        self.file = Path(self.directory.name) / "capture.pcapng"

    def __enter__(self) -> "Capture":
        self.process = subprocess.Popen(["nsenter", f"--net=/run/netns/{LAB}-lan", "dumpcap", "-q", "-i", "to-gw", "-w", str(self.file)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if line.startswith("File:"):
                break
        return self

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.communicate()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.directory.cleanup()

    def packets(self, which: str, *fields: str) -> list[dict[str, list[str]]]:
        """The office's packets that match, with those of the fields that they have."""
        wanted = [word for name in fields for word in ("-e", name)]
        done = subprocess.run(["tshark", "-r", str(self.file), "-Y", f"ip.src==10.20.0.0/16 && {which}", "-T", "json", *wanted],
                              capture_output=True, text=True, check=True)
        return [packet["_source"]["layers"] for packet in json.loads(done.stdout)]


HELLO = ("tls.handshake.length", "tls.handshake.extensions_key_share_group", "tls.handshake.extension.type",
         "tls.handshake.extensions_server_name")


def first_hello(packets: list[dict], stream: str, name: str) -> tuple[list[dict], dict]:
    """The packets of the first hello with this visible name, and what the last of them completes."""
    streams: dict[str, list[dict]] = {}
    for packet in packets:
        mine = streams.setdefault(packet[stream][0], [])
        mine.append(packet)
        if name in packet.get("tls.handshake.extensions_server_name", []):
            return mine, packet
    return [], {}


def post_quantum(hello: dict) -> bool:
    return str(X25519MLKEM768) in hello.get("tls.handshake.extensions_key_share_group", [])


def has_ech(hello: dict) -> bool:
    return str(ECH) in hello.get("tls.handshake.extension.type", [])


def describe(hello: dict, packets: str) -> str:
    size = hello.get("tls.handshake.length", ["0"])[0]
    share = "X25519MLKEM768" if post_quantum(hello) else "no post-quantum key share"
    return f"hello of {size} bytes in {packets}, {share}{', ECH extension' if has_ech(hello) else ''}"


def over_tcp(capture: Capture, name: str) -> Outcome:
    """A post-quantum hello of several segments with an ECH extension."""
    packets, hello = first_hello(capture.packets("tcp.dstport==443 && tcp.len>0", "tcp.stream", *HELLO), "tcp.stream", name)
    good = len(packets) > 1 and post_quantum(hello) and has_ech(hello)
    return Outcome("page" if good else "error", describe(hello, f"{len(packets)} segments"))


def over_quic(capture: Capture, name: str) -> Outcome:
    """The same of several Initials, its CRYPTO frames out of order."""
    initials = capture.packets("quic.long.packet_type==0", "udp.stream", "quic.crypto.offset", *HELLO)
    packets, hello = first_hello(initials, "udp.stream", name)
    offsets = [int(offset) for packet in packets for offset in packet.get("quic.crypto.offset", [])]
    shuffled = offsets != sorted(offsets)
    good = len(packets) > 1 and shuffled and post_quantum(hello) and has_ech(hello)
    order = "out of order" if shuffled else "in order"
    return Outcome("page" if good else "error", describe(hello, f"{len(packets)} Initials, {len(offsets)} CRYPTO frames {order}"))
