# smoke: traffic that goes on while something happens, and what was lost of it; sourced after smoke.bash.

# traffic_start RATE: numbered datagrams from staff to a server whose name the office's resolver has bound.
traffic_start() {
  in_ns staff dig +short +time=2 +tries=2 @10.20.0.10 news.example >/dev/null
  numbered_start line 198.51.100.12 "$1"
  sleep 1
}

# numbered_start NAMESPACE ADDRESS RATE: numbered datagrams a second from staff to an address there, whose receiver listens before they come.
numbered_start() {
  rm -f "$LAB_DIR/send.log" "$LAB_DIR/receive.log"
  lab_spawn receive "$1" "$SMOKE_LIB/numbered.py" receive "$2" 9999
  lab_wait 10 grep -q receiving "$LAB_DIR/receive.log" || { echo "    nobody receives numbered datagrams"; return 1; }
  lab_spawn send staff "$SMOKE_LIB/numbered.py" send "$2" 9999 "$3"
}

# traffic_stop: ends it; the counts then are in $sent, $received, $changed, $doubled, $gap (the longest run that did not come).
traffic_stop() {
  lab_stop send
  sleep "${TRAFFIC_UNDER_WAY_S:-1}"
  lab_stop receive
  sent=$(field send sent)
  received=$(field receive received)
  changed=$(field receive changed)
  doubled=$(field receive doubled)
  gap=$(field receive gap)
}
field() { tail -n 1 "$LAB_DIR/$1.log" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"; }

# Traffic that never flowed loses nothing either.
nothing_lost() {
  ((sent > 500)) || { echo "only $sent datagrams were sent"; return 1; }
  same "$received received, $changed changed, $doubled doubled" "$sent received, 0 changed, 0 doubled"
}
