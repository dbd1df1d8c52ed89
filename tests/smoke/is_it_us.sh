#!/bin/bash
# smoke: status says whose fault it is: each verdict is brought about.
source "$(dirname "$0")/lib/smoke.bash"
traffic=$SMOKE_LIB/line_traffic.py

# verdict WORD [TEXT]: status' verdict on the line, now; its reason has TEXT, an extended regular expression.
verdict() {
  local said
  said=$(lab_ctl status | grep -m1 -E '^(iplc-sg|is it us\?) ')
  [[ $said =~ ^[^:]*\ $1:.*${2:-} ]] || { echo "$said"; return 1; }
}
# comes_to WORD [TEXT]: it does within the window and the time that an answer may take.
comes_to() { lab_wait 15 verdict "$@" || verdict "$@"; }
window() { lab_ctl status --json | python3 -c "import json, sys; print(json.load(sys.stdin)['us']['lines'][0]['last_minute']$1)"; }
carrier() { in_ns "$1" ip link set "$2" "$3"; }
no_way_back() { in_ns line ip route "$1" blackhole 10.20.1.7/32; }
# fits COLUMNS: of a terminal so wide, the rows of the line end before its edge.
fits() {
  python3 - "$1" "$LAB_BUILD/control/sluicectl" --socket "$LAB_DIR/api.sock" status <<'PYTHON'
import fcntl, os, pty, re, struct, sys, termios
columns = int(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("4H", 50, columns, 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
said = b""
try:
    while chunk := os.read(terminal, 4096):
        said += chunk
except OSError:
    pass
rows = re.sub(r"\x1b\[\d+m", "", said.decode()).replace("\r", "").split("\npolicy ")[0].split("\n")
print("\n".join(rows))
sys.exit(0 if b"\x1b[" in said and len(rows) > 4 and max(map(len, rows)) <= columns else 1)
PYTHON
}

need "the lab is up" lab_up
policies_copied
need "servers" lab_servers_start
need "the gateway" lab_gateway_start
need "control, that looks back four seconds" lab_control_start "$LAB_DIR/policies" --status-seconds 4
check "a quiet line has no verdict" comes_to "no traffic" "too few to tell"

lab_spawn connections staff "$traffic" connections 198.51.100.12
lab_spawn questions staff "$traffic" questions 198.51.100.53
check "ok: all is answered" comes_to ok "[0-9]+ of [0-9]+ new connections were answered, half of them in"
check "with times of both sides" test "$(window "['lan_handshakes']['answered']")" -gt 0
check "and of DNS" test "$(window "['dns']['answered']")" -gt 0
check "the metrics count the same" test "$(metric '^sluice_line_answered_total.*kind="syn"')" -gt 0
check "it fits a narrow terminal, with colours" fits 40

kill -STOP "$(lab_pid upstream)"
check "DNS: its server is silent" comes_to DNS "questions had no answer, while [0-9]+ of [0-9]+ connections had"
no_way_back add
check "line: its servers are silent" comes_to line "[0-9]+ of [0-9]+ new connections had no answer"
no_way_back del
kill -CONT "$(lab_pid upstream)"

carrier line eth0 down
check "line: its link is down" comes_to line "its port has no link"
check "so say the metrics" same "$(metric '^sluice_port_link_up.*side="line"')" 0
carrier line eth0 up
carrier lan to-gw down
check "LAN: its link is down" comes_to LAN "its port has no link"
carrier lan to-gw up

lab_stop questions
lab_stop connections
in_ns line ip neigh replace 10.20.1.200 dev eth0 lladdr "$(in_ns staff cat /sys/class/net/eth0/address)"
lab_spawn syns staff "$traffic" syns 10.20.1.200 198.51.100.12
check "LAN: clients take no answer" comes_to LAN "answers from the line were not taken"
lab_stop syns

lab_spawn late line "$traffic" late-server late 0.3
need "a server far away" lab_wait 5 grep -q ready "$LAB_DIR/late.log"
in_ns line ip link set late up
in_ns line ip route add 198.51.100.99/32 dev late
lab_spawn connections staff "$traffic" connections 198.51.100.99
check "line: slower than usual" comes_to line "servers take [0-9]+ ms to answer, usually"
lab_stop connections

kill -STOP "$(lab_pid dataplane)"
check "gateway: its worker stands still" comes_to gateway "worker 0 stands still"
kill -CONT "$(lab_pid dataplane)"
lab_stop dataplane KILL
check "gateway: the data plane is gone" comes_to gateway "the data plane is not connected"
lab_stop control
check "gateway: control does not answer" comes_to gateway "control does not answer"
lab_ctl status >/dev/null 2>&1
check "and the exit status says so" same $? 2
