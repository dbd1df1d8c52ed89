# smoke: a real Prometheus beside the lab's gateway; sourced after smoke.bash.

PROMETHEUS=http://127.0.0.1:19090

# prometheus_start [SED OPTION...]: with the rules and the configuration that are installed, scraping each second; the
# options change the rules on their way.
prometheus_start() {
  local folder=$LAB_DIR/prometheus
  mkdir -p "$folder"
  cp -r "$LAB_CHECKOUT/deploy/prometheus/." "$folder" || return
  sed -i 's/_interval: 15s/_interval: 1s/' "$folder/prometheus.yml"
  (($# == 0)) || sed -i "$@" "$folder"/rules/*.yml
  lab_spawn prometheus gw prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" \
    --web.listen-address="${PROMETHEUS#http://}" --log.level=warn
  lab_wait 10 in_ns gw curl -sf -m 2 "$PROMETHEUS/-/ready"
}
# has_data EXPRESSION: Prometheus knows a series of it.
has_data() {
  in_ns gw curl -sf -m 5 "$PROMETHEUS/api/v1/query" --data-urlencode "query=$1" | python3 -c '
import json, sys
sys.exit(not json.load(sys.stdin)["data"]["result"])'
}
fires() { has_data "ALERTS{alertname=\"$1\", alertstate=\"firing\"${2:+, $2}}"; }
