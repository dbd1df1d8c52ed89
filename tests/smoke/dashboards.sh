#!/bin/bash
# smoke: every query of every dashboard and rule, put to a real Prometheus and a real ClickHouse beside a gateway under traffic.
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/copies.bash"
source "$(dirname "$0")/lib/prometheus.bash"
traffic=$SMOKE_LIB/line_traffic.py
deploy=$LAB_CHECKOUT/deploy

asked() { in_ns gw python3 "$SMOKE_LIB/dashboards.py" "$@"; }
promtool_says() { (cd "$deploy/prometheus" && promtool "$@"); }
# What becomes of it shows in the metrics: pages allowed and blocked, somebody unregistered, a tunnel, something from outside.
accesses() {
  page staff http://news.example/
  page staff https://luckybet.example/
  page finance https://erp.example/
  page finance https://news.example/
  page guest http://news.example/
  page stranger http://news.example/
  in_ns hq curl -s -m 1 http://10.20.250.4:9100/
  in_ns outsider curl -s -m 1 http://10.20.1.7/
  sleep 0.5
} >/dev/null 2>&1
ready() { has_data 'line:sluice_answer_seconds:p99_rate5m{kind="dns"}' && has_data 'line:sluice_one_way_flows:ratio_rate5m' &&
  has_data 'line:sluice_load:ratio_rate1m' && has_data 'sluice_log_disk_free_bytes' && has_data 'sluice_rule_last_hit_timestamp_seconds > 0' &&
  has_data 'increase(sluice_rule_accesses_total{action="blocked"}[60s]) > 0'; }
copied() { same "$(query "SELECT countIf(kind = 'end') > 0 AND countIf(action = 'blocked') > 0 FROM sluice.access_log")" 1; }

check "the configuration of Prometheus is valid" promtool_says check config prometheus.yml
check "its rules are" promtool_says check rules rules/recording.yml rules/alerts.yml
check "each alert fires when it should and not before" promtool_says test rules tests/alerts.yml tests/slow_alerts.yml
check "the dashboards are laid out" python3 "$SMOKE_LIB/dashboards.py" layout "$deploy/grafana"

lab_down
need "the lab is up" lab_up
mkdir "$LAB_DIR/witness"
policies_copied
cat >"$LAB_DIR/policies/zz-dashboards.yaml" <<YAML
lists:
  fetched: {url: "http://127.0.0.1:8099/fetched.names", refresh: 5m}
exceptions:
  - {name: audit, from: [10.20.9.7], to: [vendor.example], action: allow, owner: li.wei, ticket: IT-4711, expires: $(date -u -d '30 days' +%F)}
rules:
  - {name: no-fetched, to: [fetched], action: block}
log:
  witness: {folder: $LAB_DIR/witness}
  copies:
    fleet: {clickhouse: "https://127.0.0.1:$COPIES_HTTPS", ca: $LAB_DIR/tls/ca.pem, password-file: $LAB_DIR/clickhouse/password,
            recipient: Example Holding, country: CN}
YAML
need "servers" lab_servers_start
mkdir -p "$LAB_DIR/served" && echo listed.example >"$LAB_DIR/served/fetched.names"
lab_spawn feed gw python3 -u -m http.server --bind 127.0.0.1 --directory "$LAB_DIR/served" 8099
clickhouse_conf
need "there is a certificate" copies_certificate
need "ClickHouse is up" clickhouse_start
need "it has the tables" clickhouse_schema
need "the gateway" lab_gateway_start
need "control, that looks back four seconds" lab_control_start "$LAB_DIR/policies" --status-seconds 4
need "Prometheus" prometheus_start
lab_spawn connections staff "$traffic" connections 198.51.100.12
lab_spawn questions staff "$traffic" questions 198.51.100.53
while :; do accesses; done &
need "Prometheus has seen it all" lab_wait 30 ready
for dashboard in is-it-us overview dataplane policy compliance; do
  check "$dashboard: every query has data" asked panels "$PROMETHEUS" "$deploy/grafana/dashboards/$dashboard.json"
done
check "every rule has data" asked rules "$PROMETHEUS"
need "the copy of the log has lines" lab_wait 15 copied
check "log-search: every question has rows" asked sql "http://127.0.0.1:$COPIES_HTTP/" "$deploy/grafana/dashboards/log-search.json"
