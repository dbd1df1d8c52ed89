# soak: the servers that the lab does not have, and what differs in those that it has; sourced by tests/soak/run after
# deploy/demo.d/lab.sh.

export SOAK_CADDY=198.51.100.40  # HTTP/3, and the same over TCP, for every name
SOAK_IPERF=198.51.100.50  # each run of the client starts a server of its own there
LAB_SITES=(erp.example)  # the lab asks itself whether that one answers
for soak_number in {00..11}; do LAB_SITES+=("d$soak_number.example"); done

soak_caddy_conf() {
  cat <<CONF
{
  admin off
  auto_https off
  default_bind $SOAK_CADDY
}
https:// {
  tls $LAB_DIR/tls/site.pem $LAB_DIR/tls/site.key
  header Content-Type text/plain
  respond "this is {host}"
}
CONF
}

# soak_servers_start: returns when each of them answers on the line itself.
soak_servers_start() {
  local address
  for address in $SOAK_CADDY $SOAK_IPERF; do
    in_ns line ip address add "$address/32" dev lo || return
  done
  soak_caddy_conf >"$LAB_DIR/Caddyfile"
  lab_spawn caddy line env HOME="$LAB_DIR" XDG_DATA_HOME="$LAB_DIR/caddy" XDG_CONFIG_HOME="$LAB_DIR/caddy" \
    caddy run --config "$LAB_DIR/Caddyfile" --adapter caddyfile
  lab_wait 10 soak_servers_answer || { echo "soak: the servers do not answer; see $LAB_DIR/*.log" >&2; return 1; }
}
soak_servers_answer() {
  in_ns line curl -sf -m 1 --resolve "a.d07.example:443:$SOAK_CADDY" --cacert "$LAB_DIR/tls/ca.pem" https://a.d07.example/ &&
    in_ns line curl -sf -m 1 --resolve a.d07.example:443:198.51.100.18 --cacert "$LAB_DIR/tls/ca.pem" https://a.d07.example/
}
