# live: the servers that the lab does not have, on its line; sourced by tests/live/run after deploy/demo.d/lab.sh.

export LIVE_CADDY=198.51.100.20    # HTTP/3, and the same over TCP, for every site
export LIVE_NGTCP2=198.51.100.21   # HTTP/3 on port 4433, QUIC version 2 too
export LIVE_DNS=198.51.100.54      # DNS over UDP, TCP and TLS, with HTTPS records
LIVE_OTHER_DNS=198.51.100.55       # the same, but no rule lets it be asked over TLS
LIVE_TUNNELS=(198.51.100.60 198.51.100.61)  # OpenVPN and WireGuard; the policy registers the first
LIVE_ECH=(plain.example hidden.example front.example)  # without a key for ECH, with one, and what shows instead of it
LAB_SITES+=("${LIVE_ECH[@]}")
# A PC whose DNS answers keep their keys for ECH; those of the staff's lose them.
LAB_NAMESPACES+=(browser)
LAB_CLIENTS+=("browser 10.20.2.7/16 10.20.0.1")

# live_ech: an ECHConfigList (RFC 9849 4) of front.example with a key that no server has, as base64.
live_ech() {
  python3 -c '
import base64, os, struct, sys
name = sys.argv[1].encode()
version, x25519, hkdf_sha256, aes_128_gcm = 0xFE0D, 0x20, 1, 1
config = struct.pack("!BHH32sHHHBB", 7, x25519, 32, os.urandom(32), 4, hkdf_sha256, aes_128_gcm, 0, len(name)) + name + bytes(2)
config = struct.pack("!HH", version, len(config)) + config
print(base64.b64encode(struct.pack("!H", len(config)) + config).decode())' "${LIVE_ECH[2]}"
}

live_unbound_conf() {
  local number=10 site
  cat <<CONF
server:
  interface: $LIVE_DNS
  interface: $LIVE_DNS@853
  interface: $LIVE_OTHER_DNS@853
  tls-service-key: $LAB_DIR/tls/site.key
  tls-service-pem: $LAB_DIR/tls/site.pem
  access-control: 0.0.0.0/0 allow
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: $LAB_DIR
  pidfile: ""
  module-config: iterator
  local-zone: example. static
CONF
  for site in "${LAB_SITES[@]}"; do
    [[ " ${LIVE_ECH[*]} " == *" $site "* ]] && echo "  local-data: '$site. 60 IN A $LIVE_CADDY'" && continue
    echo "  local-data: '$site. 60 IN A 198.51.100.$((number++))'"
  done
  echo "  local-data: '${LIVE_ECH[0]}. 60 IN HTTPS 1 . alpn=h2,h3'"
  echo "  local-data: '${LIVE_ECH[1]}. 60 IN HTTPS 1 . alpn=h2,h3 ech=$(live_ech)'"
}

live_caddy_conf() {
  cat <<CONF
{
  admin off
  auto_https off
  default_bind $LIVE_CADDY
}
https:// {
  tls $LAB_DIR/tls/site.pem $LAB_DIR/tls/site.key
  header Content-Type text/plain
  respond "this is {host}"
}
CONF
}

# live_servers_start: returns when each of them answers on the line itself.
live_servers_start() {
  local address tls=$LAB_DIR/tls
  for address in $LIVE_CADDY $LIVE_NGTCP2 $LIVE_DNS $LIVE_OTHER_DNS "${LIVE_TUNNELS[@]}"; do
    in_ns line ip address add "$address/32" dev lo || return
  done
  live_unbound_conf >"$LAB_DIR/unbound.conf"
  lab_spawn unbound line unbound -d -c "$LAB_DIR/unbound.conf"
  live_caddy_conf >"$LAB_DIR/Caddyfile"
  lab_spawn caddy line env HOME="$LAB_DIR" XDG_DATA_HOME="$LAB_DIR/caddy" XDG_CONFIG_HOME="$LAB_DIR/caddy" \
    caddy run --config "$LAB_DIR/Caddyfile" --adapter caddyfile
  mkdir -p "$LAB_DIR/ngtcp2" && echo "this is ngtcp2" >"$LAB_DIR/ngtcp2/index.html"
  lab_spawn ngtcp2 line gtlsserver -q -d "$LAB_DIR/ngtcp2" $LIVE_NGTCP2 4433 "$tls/site.key" "$tls/site.pem"
  for address in "${LIVE_TUNNELS[@]}"; do
    lab_spawn "openvpn-$address" line openvpn --dev null --tls-server --local "$address" --port 1194 --proto udp4 \
      --ca "$tls/ca.pem" --cert "$tls/site.pem" --key "$tls/site.key" --dh none --verb 3
    lab_spawn "wireguard-$address" line python3 "$LAB_CHECKOUT/tests/live/wireguard.py" serve "$address"
  done
  lab_wait 10 live_servers_answer || { echo "live: the servers do not answer; see $LAB_DIR/*.log" >&2; return 1; }
}
live_servers_answer() {
  local address
  in_ns line dig +short +time=1 +tries=1 @$LIVE_DNS "${LIVE_ECH[1]}" HTTPS | grep -q ech= &&
    in_ns line kdig +short +timeout=1 +tls @$LIVE_DNS erp.example | grep -q 198 &&
    in_ns line curl -sf -m 1 --resolve "erp.example:443:$LIVE_CADDY" --cacert "$LAB_DIR/tls/ca.pem" https://erp.example/ &&
    in_ns line timeout 2 gtlsclient --exit-on-all-streams-close -q $LIVE_NGTCP2 4433 https://erp.example/index.html || return
  for address in "${LIVE_TUNNELS[@]}"; do
    grep -q 'link local (bound)' "$LAB_DIR/openvpn-$address.log" && in_ns line python3 "$LAB_CHECKOUT/tests/live/wireguard.py" ask "$address" || return
  done
}
