# evasion: a client of raw frames: TCP and UDP without a kernel, so that every segment is the trick's own.
import asyncio
import random
import ssl
import struct

import wire
from wire import ACK, FIN, PSH, RST, SYN

SERVER, SERVER6 = "198.51.100.10", "2001:db8::10"
CLIENT_MAC, ROUTER_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
BLOCKED, OPEN, OTHER = "blocked.example", "allowed.example", "another.example"  # of one length: decoys fit
MSS = 1400
PATIENCE_S = 0.25   # before anything is sent again
ROUNDS = 5          # as often without any answer; then the server does not serve
RESENT = 16 * MSS   # bytes at a time
LONGEST_S = 30       # of one twin; a trick that takes longer is broken
IP_TWISTS = ("ttl", "ident", "fragment", "ip_options", "bad_ip_checksum")


class Lan:
    """The LAN side of the gateway: sends for every client, and gives each what comes for its address."""

    def __init__(self, port: wire.Port) -> None:
        self.port, self.listeners = port, {}
        asyncio.get_running_loop().add_reader(port.socket, self._readable)

    def send(self, packet: bytes, wrap: bytes = b"") -> None:
        self.port.send(ROUTER_MAC + CLIENT_MAC + wire.wrapped(wrap, packet))

    def _readable(self) -> None:
        for _ in range(64):
            try:
                frame = self.port.receive()
            except BlockingIOError:
                return
            if frame and (found := wire.unwrapped(frame)):
                target, protocol, payload = wire.ip_payload(found[1])
                if listener := self.listeners.get(target):
                    listener(protocol, payload)


class Play:
    """One twin of a trick: who plays it, with which names, and what it got."""

    def __init__(self, lan: Lan, number: int, blocked: bool, same_decoy: bool) -> None:
        self.lan, self.blocked, self.honest = lan, blocked, not blocked
        self.name = BLOCKED if blocked else OPEN
        self.decoy = OPEN if blocked else OPEN if same_decoy else OTHER
        self.address = f"10.20.{64 + number // 250}.{1 + number % 250}"
        self.address6 = f"fd12:3456:20:0:1::{number + 1:x}"
        self.connections: list = []
        self.outcome = "silence"
        self.random = random.Random(number)

    def wrapped(self) -> None:
        """Takes an address whose frames the router unwraps."""
        tail = self.address.split(".", 2)[2].split(".")
        self.address = f"10.20.{int(tail[0]) + 128}.{tail[1]}"

    def heard(self, protocol: int, payload: bytes) -> None:
        for connection in self.connections:
            connection.heard(protocol, payload)

    def add(self, connection) -> None:
        self.connections.append(connection)
        self.lan.listeners[connection.source] = self.heard

    def tcp(self, payload: bytes, reader, port: int, **options) -> "Tcp":
        return Tcp(self, payload, reader, port, **options)

    async def open_tls(self, **options) -> "Tcp":
        """A connection that is up; its payload is OpenSSL's own hello for the name."""
        return await self.open(b"", TlsClient(self.name), 443, **options)

    async def open_http(self, request: bytes = b"", port: int = 80, answers: int = 1, **options) -> "Tcp":
        """A connection that is up; its payload is a request, or the plainest one for the name."""
        return await self.open(request or get(self.name), Pages(self.name, answers), port, **options)

    async def open(self, payload: bytes, reader, port: int, **options) -> "Tcp":
        connection = self.tcp(payload, reader, port, **options)
        await connection.open()
        return connection

    async def say_http(self, request: bytes, **options) -> None:
        """Sends a request as any client would: what is odd about it is in its bytes."""
        connection = await self.open_http(request, **options)
        connection.send()
        await connection.finish()


def get(name: str, path: str = "/", more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {name}\r\n{more}\r\n".encode()


class Pages:
    """Waits for the pages of a site."""

    def __init__(self, name: str, answers: int = 1) -> None:
        self.wanted, self.answers, self.text = b"this is " + name.encode(), answers, b""

    first = b""

    def feed(self, data: bytes) -> bytes:
        self.text += data
        return b""

    @property
    def served(self) -> bool:
        return self.text.count(self.wanted) >= self.answers

    @property
    def refusal(self) -> str:
        if self.text[:2] == b"\x15\x03":
            return "TLS alert"
        return self.text[9:12].decode(errors="replace") + " page" if self.text.startswith(b"HTTP/1.") else ""


class ServerHello(Pages):
    """Waits for a server's first flight, for hellos that only their sender could go on with."""

    @property
    def served(self) -> bool:
        at, hellos = 0, 0
        while at + 6 <= len(self.text):
            hellos += self.text[at] == 0x16 and self.text[at + 5] == 2
            at += 5 + int.from_bytes(self.text[at + 3:at + 5], "big")
        return hellos >= self.answers


class TlsClient(Pages):
    """OpenSSL's client over our segments: handshake, request, page."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.incoming, self.outgoing, self.raw, self.up = ssl.MemoryBIO(), ssl.MemoryBIO(), b"", False
        self.session = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        self.request = get(name)
        self.first = self.feed(b"")

    def feed(self, data: bytes) -> bytes:
        self.raw += data
        self.incoming.write(data)
        try:
            if not self.up:
                self.session.do_handshake()
                self.session.write(self.request)
                self.up = True
            while piece := self.session.read(65536):
                self.text += piece
        except ssl.SSLError:
            pass  # it wants more, or has been refused: `served` tells
        return self.outgoing.read()

    @property
    def refusal(self) -> str:
        return "TLS alert" if self.raw[:2] == b"\x15\x03" else ""


class Connection:
    def __init__(self, play: Play, port: int, server: str = SERVER, carry=None, wrap: bytes = b"", source_port: int = 0) -> None:
        if wrap:
            play.wrapped()
        self.play, self.server, self.carry, self.wrap = play, server, carry, wrap
        self.source = play.address6 if ":" in server else play.address
        self.ports = (source_port or 20000 + play.random.randrange(40000), port)
        self.event = asyncio.Event()
        play.add(self)

    def packet(self, protocol: int, payload: bytes, twists: dict) -> None:
        """twists: what the IP header has that is not usual."""
        carry = twists.pop("carry", self.carry)
        if "ip_options" in twists:
            twists["options"] = twists.pop("ip_options")
        if "bad_ip_checksum" in twists:
            twists["bad_checksum"] = twists.pop("bad_ip_checksum")
        build = wire.ipv6 if ":" in self.server else wire.ipv4
        packet = build(self.source, self.server, protocol, payload, **twists)
        for piece in carry(packet) if carry else (packet,):
            self.play.lan.send(piece, self.wrap)

    async def wait(self, until, seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not until():
            self.event.clear()
            try:
                await asyncio.wait_for(self.event.wait(), deadline - loop.time())
            except asyncio.TimeoutError:
                return until()
        return True


class Tcp(Connection):
    """payload: what the server is to read; all of it is sent again until it is acknowledged, as a client would."""

    def __init__(self, play: Play, payload: bytes, reader, port: int, *, iss: int | None = None, options: bytes = b"",
                 timestamps: bool = False, window: int = 64240, **rest) -> None:
        super().__init__(play, port, **rest)
        self.reader, self.payload = reader, payload or reader.first
        self.iss = play.random.getrandbits(32) if iss is None else iss
        self.options, self.timestamps, self.window = options, timestamps, window
        self.now, self.echo = 100000, 0  # timestamps
        self.irs, self.acked, self.received, self.sent = None, 0, 0, 0  # acked, received, sent: from the first byte on
        self.ahead: dict[int, bytes] = {}
        self.is_reset = self.is_closed = False

    def offset_of(self, text: str | bytes) -> int:
        found = self.payload.lower().find(text.encode().lower() if isinstance(text, str) else text.lower())
        assert found >= 0, "the payload does not hold it"
        return found

    @property
    def name_at(self) -> int:
        return self.offset_of(self.play.name)

    def decoyed(self) -> bytes:
        """The payload with the decoy's name in the name's place."""
        return self.payload.replace(self.play.name.encode(), self.play.decoy.encode())

    # What goes out

    async def open(self, data: bytes = b"", tries: int = 6, **twists) -> bool:
        for _ in range(tries):
            self.segment(-1, data, flags=SYN, ack=0, options=b"\x02\x04" + struct.pack("!H", MSS) + self.options, **twists)
            if await self.wait(lambda: self.irs is not None, PATIENCE_S * 2):
                self.segment(0)
                return True
        return False

    def send(self, start: int = 0, end: int | None = None, **twists) -> None:
        """The payload from start to end, in as many segments as it takes."""
        end = len(self.payload) if end is None else end
        self.sent = max(self.sent, end)
        size = min(end - start, MSS) or 1
        for at in range(start, end, size):
            self.segment(at, self.payload[at:min(at + size, end)], **twists)

    def segment(self, at: int, data: bytes = b"", *, flags: int | None = None, ack: int | None = None, seq: int | None = None,
                options: bytes = b"", stamp: int | None = None, **twists) -> None:
        """Any segment: at counts from the payload's first byte; the SYN is at -1."""
        ip = {key: twists.pop(key) for key in (*IP_TWISTS, "carry") if key in twists}
        flags = (PSH | ACK if data else ACK) if flags is None else flags
        if self.timestamps:
            self.now += 1
            options += struct.pack("!BBBBII", 1, 1, 8, 10, self.now if stamp is None else stamp, self.echo)
        ack = self.next_ack() if ack is None else ack
        twists.setdefault("window", self.window)
        self.packet(wire.TCP, wire.tcp(self.source, self.server, self.ports, self.iss + 1 + at if seq is None else seq,
                                       ack, flags, data, options=options, **twists), ip)

    def next_ack(self) -> int:
        return 0 if self.irs is None else self.irs + 1 + self.received

    # What comes in

    def heard(self, protocol: int, segment: bytes) -> None:
        if protocol != wire.TCP or len(segment) < 20 or struct.unpack_from("!HH", segment) != self.ports[::-1]:
            return
        seq, ack, size, flags = struct.unpack_from("!IIBB", segment, 4)
        data = segment[(size >> 4) * 4:]
        self.read_timestamp(segment[20:(size >> 4) * 4])
        if flags & RST:
            self.is_reset = True  # what it acknowledges was perhaps never received
        elif flags & SYN:
            self.irs = seq
            if flags & ACK:
                self.acked = max(self.acked, (ack - self.iss - 1) & 0xFFFFFFFF)
        elif self.irs is not None:
            if flags & ACK and (moved := (ack - self.iss - 1) & 0xFFFFFFFF) <= len(self.payload) + 1:
                self.acked = max(self.acked, moved)
            self.take(seq, data, flags)
        self.event.set()

    def read_timestamp(self, options: bytes) -> None:
        at = options.find(b"\x08\x0a")
        if self.timestamps and at >= 0 and at + 10 <= len(options):
            self.echo = int.from_bytes(options[at + 2:at + 6], "big")

    def take(self, seq: int, data: bytes, flags: int) -> None:
        at = (seq - self.irs - 1) & 0xFFFFFFFF
        if data and at < 1 << 24:
            self.ahead[at] = data
        while piece := self.ahead.pop(self.received, None):
            self.received += len(piece)
            self.payload += self.reader.feed(piece)
        if data:
            self.segment(self.sent)
        if flags & FIN and at + len(data) == self.received and not self.is_closed:
            self.is_closed = True
            self.received += 1
            self.segment(self.sent)
        if len(self.payload) > self.sent and self.sent and self.acked >= self.sent:
            self.send(self.sent)

    # The end

    async def all_acked(self, upto: int) -> bool:
        """Sends again what is not acknowledged, until it is."""
        for _ in range(ROUNDS):
            if await self.wait(lambda: self.acked >= upto or self.gives_up(), PATIENCE_S):
                break
            self.send(self.acked, upto)
        return self.acked >= upto

    def gives_up(self) -> bool:
        """An honest client heeds a reset; who wants the blocked page does not."""
        return self.reader.served or self.play.honest and self.is_reset

    async def finish(self) -> None:
        """Goes on until the page is there, or nothing helps any more."""
        self.sent = max(self.sent, len(self.payload))
        idle = 0
        while idle < ROUNDS:
            before = (self.acked, self.received)
            if await self.wait(self.gives_up, PATIENCE_S):
                break
            idle = idle + 1 if before == (self.acked, self.received) else 0
            if self.acked < len(self.payload):
                self.send(self.acked, min(len(self.payload), self.acked + RESENT))
        self.play.outcome = self.outcome()
        self.segment(self.sent, flags=RST | ACK)  # leaves the server nothing to wait for

    def outcome(self) -> str:
        if self.reader.served:
            return "served"
        return self.reader.refusal or ("reset" if self.is_reset else "silence" if self.irs is not None else "no connection")


class Udp(Connection):
    def __init__(self, play: Play, port: int, **rest) -> None:
        super().__init__(play, port, **rest)
        self.answers: list[bytes] = []

    def send(self, data: bytes, bad_checksum: bool = False, **ip) -> None:
        self.packet(wire.UDP, wire.udp(self.source, self.server, self.ports, data, bad_checksum), ip)

    def heard(self, protocol: int, datagram: bytes) -> None:
        if protocol == wire.UDP and struct.unpack_from("!HH", datagram) == self.ports[::-1]:
            self.answers.append(datagram[8:])
            self.event.set()
