#!/bin/bash
# smoke: files of 20 MB go through the gateway in both directions and keep their SHA-256.
# With checksums that nobody has filled in, and with frames larger than one packet buffer.
source "$(dirname "$0")/lib/smoke.bash"

names=(--resolve news.example:80:198.51.100.12 --resolve news.example:8080:198.51.100.12
  --resolve erp.example:443:198.51.100.10)

sha_of() { sha256sum "$1" | cut -d' ' -f1; }
download() {
  in_ns "$1" curl -sS -m 60 "${names[@]}" --cacert "$LAB_DIR/tls/ca.pem" -o "$LAB_DIR/got" "$2" && same "$(sha_of "$LAB_DIR/got")" "$wanted"
}
upload() {
  local got
  got=$(in_ns staff curl -sS -m 60 "${names[@]}" -H 'Expect:' --data-binary "@$LAB_DIR/www/big" http://news.example:8080/) &&
    same "$got" "$wanted"
}
offload_is_on() { in_ns "$1" ethtool -k eth0 | grep -q '^tx-checksumming: on'; }
completed() {
  local count
  count=$(metric '^sluice_checksums_completed')
  ((count > 0)) || { echo "no unfinished checksum was met: the test shows nothing"; return 1; }
}

transfers() {
  local label=$1
  head -c 20000000 /dev/urandom >"$LAB_DIR/www/big"
  wanted=$(sha_of "$LAB_DIR/www/big")
  lab_spawn sink line "$SMOKE_LIB/sink.py" 198.51.100.12 8080
  lab_wait 5 in_ns line curl -s -o /dev/null --data-binary x http://198.51.100.12:8080/
  check "$label: http download" download staff http://news.example/big
  check "$label: https download over HTTP/2" download finance https://erp.example/big
  check "$label: http upload" upload
}

for round in "1500 1" "9000 2"; do
  read -r LAB_MTU workers <<<"$round"
  label="MTU $LAB_MTU, $workers worker(s)"
  need "$label: the office is up" office_up --workers "$workers"
  check "$label: the clients leave checksums to their card" offload_is_on staff
  transfers "$label"
  check "$label: the gateway completed checksums" completed
done
