#!/bin/bash
# smoke: control is killed under traffic; no packet is lost, no record is lost or doubled, metrics come back.
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/traffic.bash"

need "the office is up" office_up
traffic_start 1000
lab_spawn requests staff "$SMOKE_LIB/requests.py" 198.51.100.12 news.example 60
sleep 2
lab_stop control KILL
sleep 2
check "a blocked name stays blocked without control" page_is staff http://luckybet.example/ 403
check "an allowed name stays open without control" page_is staff https://news.example/ 200
began=$EPOCHREALTIME
need "control comes back" lab_control_start
back=$(elapsed "$began")
sleep 1
# A second time, at once, in the middle of its work.
lab_stop control KILL
need "control comes back a second time" lab_control_start
sleep 1
lab_stop requests
traffic_stop
answered=$(field requests answered)
check "every request was answered" same "$(field requests other) of $answered unanswered" "0 of $answered unanswered"
echo "    $sent datagrams sent, $received received; metrics were back after $back s"
check "no datagram was lost" nothing_lost
check "metrics are back within 5 s" at_most "$back" 5
sleep 2  # control's next turn at the ring

count_records() {
  lab_records | python3 -c '
import collections, json, sys
records = [json.loads(line) for line in sys.stdin]
ids = collections.Counter(record["event"]["id"] for record in records)
doubled = sum(count - 1 for count in ids.values())
requests = sum(record["source"]["ip"] == "10.20.1.7" and record["network"].get("protocol") == "http"
               and record.get("destination", {}).get("domain") == "news.example" and "ended" not in record["sluice"]
               for record in records)
print(f"{requests} records of requests, {doubled} doubled")'
}
check "no record was lost or doubled" same "$(count_records)" "$answered records of requests, 0 doubled"
check "the ring lost nothing" same "$(metric '^sluice_records_lost')" 0
