#!/bin/bash
# smoke: what a start may meet: missing ports, no memory, a socket in use, a last good policy that is not good.
source "$(dirname "$0")/lib/smoke.bash"
program=$LAB_BUILD/dataplane/boot/sluice-dataplane
lan=af_packet:lan
line=af_packet:line

# refuses PATTERN OPTION...: ends by itself, not with 0, and says why in one line.
refuses() {
  local pattern=$1 said code
  shift
  said=$(in_ns gw timeout -k 1 6 "$program" --state "$LAB_DIR/dataplane" "$@" 2>&1 </dev/null)
  code=$?
  ((code != 0 && code != 124 && code != 137 && code < 128)) || { echo "exit $code: $said"; return 1; }
  said=$(grep -v 'no last good policy' <<<"$said")  # news of any first start
  [[ $(wc -l <<<"$said") == 1 ]] || { echo "more than one line: $said"; return 1; }
  grep -Eiq "$pattern" <<<"$said" || { echo "it says: $said"; return 1; }
}
ports() { echo "--pair iplc-sg $1 $2"; }
own=(--socket "$LAB_DIR/other.sock")

lab_down
need "the lab is up" lab_up
policies_copied
mkdir -p "$LAB_DIR/dataplane"
# shellcheck disable=SC2046
{
  check "a veth that does not exist" refuses nosuch $(ports af_packet:nosuch $line) "${own[@]}"
  check "a card that does not exist" refuses 'ff:1f' $(ports $lan 0000:ff:1f.7) "${own[@]}"
  check "a driver that does not exist" refuses net_nothing $(ports net_nothing0 $line) "${own[@]}"
  check "a port named twice" refuses 'lan' $(ports $lan $lan) "${own[@]}"
  check "more flows than memory" refuses 'flow|memory' $(ports $lan $line) --flows 4000000000 "${own[@]}"
  check "a core that does not exist" refuses 'core' $(ports $lan $line) --cores 4095 "${own[@]}"
  check "no pair at all" refuses 'pair' "${own[@]}"
  echo "a file" >"$LAB_DIR/file.sock"
  check "a socket whose folder cannot be" refuses 'file.sock' $(ports $lan $line) --socket "$LAB_DIR/file.sock/x.sock"
  check "a file where the socket belongs" refuses 'file.sock' $(ports $lan $line) --socket "$LAB_DIR/file.sock"
}

need "servers" lab_servers_start
need "the data plane" lab_gateway_start
# shellcheck disable=SC2046
check "a socket in use" refuses 'dataplane.sock' $(ports $lan $line) --socket "$LAB_DIR/dataplane.sock"
check "nothing passes before a policy came" page_is staff http://news.example/ 000
need "control" lab_control_start
check "the policy is enforced" page_is staff http://luckybet.example/ 403
lab_stop control
lab_stop dataplane KILL
need "a start after kill -9, over the socket it left" lab_gateway_start
check "the last good policy is enforced without control" page_is staff http://luckybet.example/ 403
check "and opens what it allows" page_is staff http://news.example/ 200
lab_stop dataplane

image=$(find "$LAB_DIR/dataplane" -type f -size +1k | head -n 1)
cp "$image" "$LAB_DIR/good"
spoil() {
  cp "$LAB_DIR/good" "$image"
  case $1 in
    truncated) truncate -s -100 "$image" ;;
    empty) : >"$image" ;;
    corrupt) printf '\xff\xff\xff\xff' | dd of="$image" bs=1 seek=4000 conv=notrunc status=none ;;
    "of another version") printf '\x63' | dd of="$image" bs=1 seek=8 conv=notrunc status=none ;;
  esac
}
starts_and_says_why() {
  : >"$LAB_DIR/dataplane.log"
  lab_gateway_start || return
  grep -Eiq 'refused|not good|ignored' "$LAB_DIR/dataplane.log" || { cat "$LAB_DIR/dataplane.log"; return 1; }
  page_is staff http://news.example/ 000
}
for how in truncated empty corrupt "of another version"; do
  spoil "$how"
  check "a last good policy that is $how is refused, and nothing passes" starts_and_says_why
  lab_stop dataplane
done
need "the data plane again" lab_gateway_start
need "control brings a good one" lab_control_start
check "it is enforced" page_is staff http://luckybet.example/ 403
