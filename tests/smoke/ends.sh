#!/bin/bash
# smoke: each flow's end stands in the log, live and in replay, with all that passed and the record of its access.
source "$(dirname "$0")/lib/smoke.bash"

# ends_of [NAME]: of what is read: how many ends, how they ended, packets each way; with a name those of its flows.
ends_of() {
  python3 -c '
import json, sys
records = [json.loads(line) for line in sys.stdin]
accesses = {record["event"]["id"] for record in records if "ended" not in record["sluice"]}
ends = [record for record in records if "ended" in record["sluice"]]
mine = [end for end in ends if sys.argv[1:] in ([], [end["destination"].get("domain")])]
led = [end["sluice"]["access"] for end in mine if "access" in end["sluice"]]
assert accesses.issuperset(led) and len(set(led)) == len(led), "an end leads to no access, or two to one"
for end in sorted(mine, key=lambda end: end["source"]["port"]):
    source, destination = end["source"], end["destination"]
    print(end["sluice"]["ended"], source["bytes"], source["packets"], destination["bytes"], destination["packets"])
' "$@"
}

make_capture() {
  /usr/bin/python3 - "$1" <<'PYTHON'
import sys
from scapy.all import IP, TCP, Ether, wrpcap
CLIENT, SERVER, ASKED = "10.20.1.7", "198.51.100.9", b"GET / HTTP/1.1\r\nHost: www.example\r\n\r\n"
def segment(port, up, flags, seq, ack, data=b""):
    ends = (CLIENT, SERVER) if up else (SERVER, CLIENT)
    ports = (port, 80) if up else (80, port)
    return Ether() / IP(src=ends[0], dst=ends[1]) / TCP(sport=ports[0], dport=ports[1], flags=flags, seq=seq, ack=ack) / data
def opened(port):
    return [segment(port, True, "S", 99, 0), segment(port, False, "SA", 499, 100), segment(port, True, "A", 100, 500)]
asked = 100 + len(ASKED)
packets = opened(4000) + [segment(4000, True, "PA", 100, 500, ASKED), segment(4000, False, "PA", 500, asked, b"x" * 300),
                          segment(4000, True, "FA", asked, 800)]
packets += opened(4001) + [segment(4001, True, "PA", 100, 500, ASKED)]
packets += opened(4002) + [segment(4002, False, "R", 500, 100)]
for number, packet in enumerate(packets):
    packet.time = 1_795_406_706 + number / 10
wrpcap(sys.argv[1], packets)
PYTHON
}
replay() { "$LAB_BUILD/dataplane/replay/sluice-replay" --policy "$LAB_DIR/policies" --lan 10.20.0.0/16 "$@" 2>/dev/null; }

need "the office is up" office_up
capture=$LAB_DIR/ends.pcap
need "a capture is made" make_capture "$capture"
check "replay leaves the ends out" same "$(replay "$capture" | ends_of)" ""
check "unless they are asked for" same "$(replay --ends "$capture" | ends_of)" "fin 37 4 300 2
stopped 37 3 0 1
reset 0 2 0 2"
check "and tells the same accesses" same "$(replay --ends "$capture" | grep -vc '"ended":')" "$(replay "$capture" | wc -l)"

check "a page comes" page_is staff http://news.example/ 200
check "a blocked one does not" page_is staff http://luckybet.example/ 403
blocked_ended() { [[ $(lab_records | ends_of luckybet.example | grep -c '^blocked 0 ') == 1 ]]; }
check "a refused flow ends at once" lab_wait 5 blocked_ended
lab_stop dataplane
page_ended() { lab_records | ends_of news.example | grep -Eq '^(fin|reset) [1-9][0-9]* [4-9] [1-9][0-9]* [3-9]$'; }
check "a gateway that stops ends what is open" lab_wait 5 page_ended
