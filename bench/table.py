# bench: the table of what was found, beside what is wanted.
from measure import LOOPED
from results import GREEN, RED, print_table, text_of

HEADER = ["", "sluice", "beside it", "between them", "wanted"]
RATIO_OF_LOOPED = 1.25
ABOVE_NS = {1000: 25, 1_000_000: 45}
FLOW_NS = {"tls": 1500, "quic": 3500, "dns": 400}
REQUEST_NS, REQUESTS_MORE = 600, 10
WITHIN = {"names": 1.2, "rules": 1.2, "networks": 1.2, "flows": 2.5}
BYTES_A_FLOW, GAIN, HAND_OVER_NS = 100, 1.9, 25
NO_FORWARDING_TAKEN_OFF = ("quic", "dns")


class Table:
    def __init__(self, figures: dict) -> None:
        self.figures, self.rows, self.colours = figures, [], []

    def heading(self, text: str) -> None:
        self.rows.append([text])
        self.colours.append(None)

    def row(self, label: str, sluice: str, beside: str = "", between: str = "", wanted: str = "", met: bool | None = None) -> None:
        self.rows.append(["  " + label, sluice, beside, between, wanted + {None: "", True: " ok", False: " NO"}[met]])
        self.colours.append({None: None, True: GREEN, False: RED}[met])

    def has(self, name: str) -> bool:
        return name in self.figures

    def median(self, name: str) -> float:
        return self.figures[name]["median"]

    def text(self, name: str) -> str:
        return text_of(self.figures[name]) if self.has(name) else ""


def looped(table: Table) -> None:
    table.heading("decided flows, a looped capture: ns a packet, beside testpmd macswap")
    for shape, what in LOOPED.items():
        ratio = table.figures[f"{shape}/ratio"]
        table.row(what, table.text(f"{shape}/sluice"), table.text(f"{shape}/testpmd macswap"),
                  f"x {ratio['median']:.2f} ({ratio['least']:.2f}, {ratio['most']:.2f})", f"x {RATIO_OF_LOOPED}",
                  ratio["median"] <= RATIO_OF_LOOPED)


def rings(table: Table) -> None:
    table.heading("decided flows, ring ports: ns a packet, beside macswap of the same packets")
    for size, words in (("64", "64 bytes"), ("mix", "mixed sizes")):
        for flows, most in ABOVE_NS.items():
            if table.has(name := f"rings{size}/{flows}/above"):
                table.row(f"{words}, {flows:,} flows", table.text(f"rings{size}/{flows}/sluice"),
                          table.text(f"rings{size}/{flows}/macswap"), "+ " + table.text(name), f"+ {most}",
                          table.median(name) <= most)
    table.row("macswap, packets not made anew", "", table.text("rings/bare macswap"))
    table.row("dpdk-testpmd's macswap", "", table.text("rings/testpmd macswap"))


def shapes(table: Table) -> None:
    suricata = any(name.startswith("suricata/") for name in table.figures)
    table.heading("by shape, without ports: ns a packet" + (", beside suricata" if suricata else ""))
    shapes = [name.split("/")[1] for name in table.figures if name.startswith("shape/") and name.count("/") == 2]
    for shape in dict.fromkeys(shapes):
        name, other = f"shape/{shape}/packet", f"suricata/{shape}/packet"
        table.row(shape, table.text(name), table.text(other),
                  f"1 / {table.median(other) / table.median(name):.1f}" if table.has(other) else "")
        table.row(f"{shape}, one flow in ten blocked", table.text(f"shape/{shape}/blocked/packet"))
    table.heading("a new flow, above what forwarding its packets costs: ns")
    decided = table.median("scale/flows/1000/packet")
    for shape, most in FLOW_NS.items():
        flow, packet = table.median(f"shape/{shape}/flow"), table.median(f"shape/{shape}/packet")
        own = flow if shape in NO_FORWARDING_TAKEN_OFF else flow - decided * flow / packet
        table.row(shape, f"{own:,.0f}", "", "", f"{most:,}", own <= most)
    for shape, host in (("kept", "the host before"), ("http11", "another host")):
        more = (table.median(f"shape/{shape}/flow") - table.median("shape/http/flow")) / REQUESTS_MORE - decided
        table.row(f"one more HTTP request for {host}, and its answer's forwarding", f"{more:,.0f}", "", "", f"{REQUEST_NS}",
                  more <= REQUEST_NS)


def scale(table: Table) -> None:
    for kind, within in WITHIN.items():
        names = sorted((int(name.split("/")[2]) for name in table.figures
                        if name.startswith(f"scale/{kind}/") and name.endswith("/packet")))
        for what, words in (("packet", "ns a packet of a decided flow"), ("flow", "ns a new TLS flow")):
            of = {count: f"scale/{kind}/{count}/{what}" for count in names}
            if not names or not table.has(of[names[0]]):
                continue
            table.heading(f"{words}, by the number of {kind}")
            for count in names:
                ratio = table.median(of[count]) / table.median(of[names[0]])
                table.row(f"{count:,}", table.text(of[count]), "", f"x {ratio:.2f}", f"x {within}", ratio <= within)
    largest = max(int(name.split("/")[2]) for name in table.figures if name.startswith("scale/flows/"))
    table.heading(f"memory, {largest:,} flows: bytes")
    for what, words in (("table_bytes_a_flow", "a flow, its table"), ("used_bytes_a_flow", "a flow, in use")):
        got = table.median(f"scale/flows/{largest}/{what}")
        table.row(words, f"{got:.1f}", "", "", f"{BYTES_A_FLOW}", got <= BYTES_A_FLOW)
    table.row("an interned name", f"{table.median(f'scale/flows/{largest}/bytes_a_name'):.1f}")


def workers(table: Table) -> None:
    table.heading("two workers beside one, ring ports")
    gain = table.figures["workers/gain"]
    table.row("load", table.text("workers/two"), table.text("workers/one"),
              f"x {gain['median']:.2f} ({gain['least']:.2f}, {gain['most']:.2f})", f"x {GAIN}", gain["median"] >= GAIN)
    table.row("hand-over, both sides: ns a packet", table.text("workers/hand-over"), "", "", f"{HAND_OVER_NS}",
              table.median("workers/hand-over") <= HAND_OVER_NS)


def rooms(table: Table) -> None:
    table.heading("rooms: ns")
    for name in table.figures:
        if name.startswith("rooms/"):
            table.row(name.removeprefix("rooms/").replace("_", " "), table.text(name))


PARTS = {"loop64/sluice": looped, "rings/bare macswap": rings, "shape/tls/flow": shapes, "scale/flows/1000/packet": scale,
         "workers/gain": workers, "rooms/log_push": rooms}


def show(results: dict) -> None:
    """Of what was measured, whatever it is."""
    of = results["machine"]
    kind = "virtual " if of["virtual"] else ""
    print(f"{of['processor']}, {of['cores']} {kind}cores, {of['threads_a_core']} thread each as lscpu has it, Linux {of['kernel']};"
          f" medians of {results['rounds']} (least, most)")
    table = Table(results["figures"])
    for name, part in PARTS.items():
        if table.has(name):
            part(table)
    print_table(HEADER, table.rows, table.colours)
