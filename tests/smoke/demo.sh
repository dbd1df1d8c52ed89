#!/bin/bash
# smoke: the demo succeeds, fits one screen, leaves nothing behind, also when it is killed.
source "$(dirname "$0")/lib/smoke.bash"
demo=$LAB_CHECKOUT/deploy/demo

nothing_left() {
  local left
  left=$(ip netns list | grep '^sluice-demo-')
  [[ -z $left && ! -e /run/sluice-demo ]] || { echo "left: $left $(ls /run/sluice-demo 2>/dev/null)"; return 1; }
}
succeeds() {
  "$demo" >"/run/$LAB.out" 2>&1 || { cat "/run/$LAB.out"; return 1; }
  # From the table on: what counts must be seen without scrolling.
  sed -n '/clients$/,$p' "/run/$LAB.out" | python3 -c '
import sys
lines = sys.stdin.read().splitlines()
widest = max(map(len, lines))
sys.exit(f"{len(lines)} lines, the widest of {widest} characters" if len(lines) > 24 or widest > 100 else 0)'
}
kept() { "$demo" --keep >/dev/null 2>&1 && test -S /run/sluice-demo/api.sock; }
# interrupted SIGNAL: once its namespaces are there.
interrupted() {
  "$demo" >/dev/null 2>&1 &
  local pid=$!
  lab_wait 60 test -S /run/sluice-demo/dataplane.sock || { kill -KILL $pid; echo "it did not come up"; return 1; }
  kill "-$1" $pid
  lab_wait 10 lab_gone $pid || { echo "it did not end"; return 1; }
  wait $pid 2>/dev/null
  [[ $1 == KILL ]] || nothing_left
}
# The tests have built everything; on a new machine the demo has only what it asks for. It replays nothing.
builds_all_of_the_gateway() {
  local built program
  built=$(ninja -C "$LAB_CHECKOUT/build" -t query gateway | sed "s/^ *| *//") || return
  meson introspect --targets "$LAB_CHECKOUT/build" | python3 -c '
import json, sys
for target in json.load(sys.stdin):
    if target["type"] == "executable" and target["installed"]:
        print(*target["filename"])' | while read -r program; do
    [[ $program == */sluice-replay ]] || grep -qx "${program#"$LAB_CHECKOUT/build/"}" <<<"$built" || { echo "not $program"; return 1; }
  done
}
check "what it builds is all that a gateway is made of" builds_all_of_the_gateway
check "the demo succeeds" succeeds
check "it leaves nothing" nothing_left
check "--keep leaves it running" kept
check "--stop ends what it left" "$demo" --stop
check "all of it" nothing_left
check "SIGTERM ends it and leaves nothing" interrupted TERM
check "SIGHUP ends it and leaves nothing" interrupted HUP
check "kill -9 in the middle" interrupted KILL
check "the next run succeeds" succeeds
check "and leaves nothing" nothing_left
rm -f "/run/$LAB.out"
