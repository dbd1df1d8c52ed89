#!/bin/bash
# smoke: two gateways that always run, between two switches whose spanning tree leaves one of them idle; the active one is killed.
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/traffic.bash"
source "$(dirname "$0")/lib/pair.bash"

# The shortest times that the kernel's bridges take, in hundredths of a second: forward delay, and how long a BPDU is believed.
delay=200 age=600
delay_s=$((delay / 100)) age_s=$((age / 100))
slack_s=20  # hellos come each second; the machine has other work

tree_up() {
  pair_up stp_state 1 hello_time 100 forward_delay $delay max_age $age && pair_servers && pair_policies 1s || return
  in_ns lan ip link set office type bridge priority 4096
  in_ns far ip link set one type bridge_slave cost 10
  in_ns far ip link set two type bridge_slave cost 20
  for gateway in one two; do of "$gateway" ports down; done
}
ports() { in_ns "$LAB_GW" ip link set lan "$1" && in_ns "$LAB_GW" ip link set line "$1"; }
# With its ports, as a machine comes: its switches listen before they let anything pass.
comes() { of "$1" ports up && gateway_up "$1"; }
# goes NUMBER [keeps]: killed; its links go with it, or keep as they are.
goes() {
  of "$1" lab_stop control KILL
  of "$1" lab_stop dataplane KILL
  [[ -n ${2:-} ]] || of "$1" ports down
}
way_is() { same "$(in_ns far bridge link show | awk '/state forwarding/ && $2 ~ /^(one|two)/ { sub("@.*", "", $2); print $2 }' | paste -sd' ')" "$1"; }
# moves NAME MOST COMMAND...: what the datagrams notice of it.
moves() {
  local name=$1 most=$2
  shift 2
  datagrams_start
  "$@" >/dev/null
  check "$name: the tree then goes through $way" lab_wait 20 way_is "$way"
  sleep 1
  datagrams_stop
  check "$name: $silence s without a datagram" at_most "$silence" "$most"
  check "$name: no datagram came twice" same "$doubled" 0
}

need "two switches with spanning tree" tree_up
need "both gateways run" eval 'comes one && comes two'
need "the tree goes through one" lab_wait 20 way_is one
check "news come" lab_wait 10 news_come
check "betting does not" betting_does_not
sleep 1
lab_spawn kept staff "$SMOKE_LIB/kept_open.py" "$LAB_DIR/tls/ca.pem" news.example $PAIR_SITE
sleep 1
way=two
moves "one loses power, and its links" "$(awk "BEGIN { print 2 * $delay_s + $slack_s }")" goes one
check "news come by the other" lab_wait 10 news_come
check "it blocks as well" betting_does_not
# The other one has run for longer than its midstream-grace, and knows no addresses: what was open ends at once.
ended() { [[ -s $LAB_DIR/kept.log ]]; }
check "a connection that was open ends" lab_wait 20 ended
sed 's/^/    /' "$LAB_DIR/kept.log"

way=one
moves "one comes back" "$(awk "BEGIN { print 2 * $delay_s + $slack_s }")" comes one
way="one two"  # nobody tells the switch that the first way leads nowhere
moves "one hangs, and its links stay" "$(awk "BEGIN { print $age_s + 2 * $delay_s + $slack_s }")" goes one keeps
check "news come by the other again" lab_wait 10 news_come
