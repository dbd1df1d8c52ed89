# smoke: two gateways between the same two switches; sourced after smoke.bash.
#
#   staff ── (lan: bridge office) ══ one, two: gateways ══ (far: bridge far) ── line: servers
#                                      └── mgmt ──┘
LAB_NAMESPACES=(staff lan one two far line)
LAB_CLIENTS=()  # staff's cable is laid here
PAIR_DATAGRAMS=100  # a second
PAIR_SITE=198.51.100.12

# of NUMBER COMMAND...: for one of the two gateways: its namespace, its files.
of() {
  local LAB_GW=$1 LAB_DIR=$LAB_DIR/$1
  mkdir -p "$LAB_DIR"
  "${@:2}"
}

# pair_up [BRIDGE OPTION...]: the two switches with these settings, and cables; nothing runs.
pair_up() {
  local namespace gateway site number=10
  lab_down
  mkdir -p "$LAB_DIR" && chmod 755 "$LAB_DIR" || return
  for namespace in "${LAB_NAMESPACES[@]}"; do
    ip netns add "$LAB-$namespace" && in_ns "$namespace" ip link set lo up || return
  done
  in_ns lan ip link add office type bridge mcast_snooping 0 "$@" && in_ns far ip link add far type bridge mcast_snooping 0 "$@" || return
  in_ns lan ip link set office up && in_ns far ip link set far up
  lab_cable staff eth0 lan staff && lab_cable line eth0 far line || return
  in_ns lan ip link set staff master office && in_ns far ip link set line master far
  in_ns lan ethtool -K staff gro off gso off tso off >/dev/null 2>&1
  in_ns far ethtool -K line gro off gso off tso off >/dev/null 2>&1
  for gateway in one two; do
    of "$gateway" lab_port lan lan "$gateway" && of "$gateway" lab_port line far "$gateway" || return
    in_ns lan ip link set "$gateway" master office && in_ns far ip link set "$gateway" master far || return
  done
  lab_cable one mgmt two mgmt && in_ns one ip address add 192.0.2.11/24 dev mgmt && in_ns two ip address add 192.0.2.12/24 dev mgmt || return
  in_ns staff ip address add 10.20.1.7/16 dev eth0 && in_ns staff ip route add default via 10.20.0.1
  in_ns line ip address add 10.20.0.1/16 dev eth0
  for site in "${LAB_SITES[@]}"; do in_ns line ip address add "198.51.100.$((number++))/32" dev lo; done
}

# pair_servers: a web server, and somebody who counts datagrams.
pair_servers() {
  lab_certificates && mkdir -p "$LAB_DIR/www" && lab_nginx_conf >"$LAB_DIR/nginx.conf" &&
    lab_spawn nginx line nginx -e stderr -p "$LAB_DIR" -c "$LAB_DIR/nginx.conf"
}

# pair_policies SECONDS: a directory for each, that opens the datagrams by their address; the grace is so long.
pair_policies() {
  local gateway
  for gateway in one two; do
    mkdir -p "$LAB_DIR/$gateway" && cp -r "$LAB_CHECKOUT/policies" "$LAB_DIR/$gateway/policies" || return
    sed -i -e 's/^reload: on-save/reload: on-apply/' -e "s/^midstream-grace: .*/midstream-grace: $1/" "$LAB_DIR/$gateway"/policies/*.yaml
    echo "rules: [{name: datagrams, to: [$PAIR_SITE], ports: [udp/9999], action: allow}]" >"$LAB_DIR/$gateway/policies/00-pair.yaml"
  done
}

# gateway_up NUMBER: its data plane, then its control.
gateway_up() { of "$1" lab_gateway_start && of "$1" lab_control_start; }

# datagrams_start; datagrams_stop: the longest silence, in seconds, then is in $silence; $sent, $received, $doubled as they say.
datagrams_start() {
  numbered_start line $PAIR_SITE "$PAIR_DATAGRAMS"
  sleep 1
}
datagrams_stop() {
  lab_stop send
  sleep 0.5
  lab_stop receive
  sent=$(field send sent) received=$(field receive received) doubled=$(field receive doubled)
  silence=$(awk "BEGIN { printf \"%.2f\", $(field receive gap) / $PAIR_DATAGRAMS }")
}
news_come() { same "$(in_ns staff curl -s -m 2 -o /dev/null -w '%{http_code}' --resolve "news.example:80:$PAIR_SITE" http://news.example/)" 200; }
betting_does_not() { same "$(in_ns staff curl -s -m 2 -o /dev/null -w '%{http_code}' --resolve luckybet.example:80:198.51.100.13 http://luckybet.example/)" 403; }
