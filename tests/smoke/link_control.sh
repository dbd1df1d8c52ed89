#!/bin/bash
# smoke: link control crosses the enforcing gateway unchanged, whatever the policy says of its addresses.
source "$(dirname "$0")/lib/smoke.bash"

resolved_again() {
  in_ns finance ip neigh flush dev eth0
  in_ns line ip neigh flush dev eth0
  page_is finance https://erp.example/ 200
}
neighbour_found() {
  in_ns staff ip -6 neigh flush dev eth0
  in_ns staff ping -6 -c 1 -W 2 fd12:3456:20::1 >/dev/null
  in_ns staff ip -6 neigh show | grep -E '^fd12:3456:20::1 .* lladdr ' || { in_ns staff ip -6 neigh show; return 1; }
}

need "the office is up" office_up
check "ARP: neighbours are found again" resolved_again
check "IPv6: a neighbour is found" neighbour_found
"$SMOKE_LIB/frames.py" "$LAB" || smoke_failed=1
check "link control is counted" test "$(metric '^sluice_.*link-control')" -gt 20
check "and the gateway still enforces" page_is finance http://news.example/ 403
