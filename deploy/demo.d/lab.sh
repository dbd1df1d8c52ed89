# deploy: an office, its gateway and its line, in network namespaces; sourced by deploy/demo and by tests/smoke.
#
#   clients ── bridge ──(lan)  gateway  (line)── router and servers ── headquarters, an outsider
#
# The gateway is a transparent bridge: the clients' default router is on its far side, as in a real office.
# Its ports have no addresses, no ARP, no IPv6. The clients' checksum offload stays on: on veth that means checksums
# that nobody has filled in, which the gateway has to complete. LAB names everything, so that labs do not meet.

LAB=${LAB:-sluice-demo}
LAB_DIR=/run/$LAB
LAB_MTU=${LAB_MTU:-1500}
LAB_DRIVER=${LAB_DRIVER:-af_packet}  # or af_xdp
LAB_GW=${LAB_GW:-gw}  # the gateway's namespace; where there are two, LAB_DIR is another one for each as well
LAB_CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LAB_BUILD=${LAB_BUILD:-$LAB_CHECKOUT/build}
LAB_NAMESPACES=(finance staff guest stranger printer resolver lan gw line hq outsider)
LAB_SITES=(erp.example office.example news.example luckybet.example)
LAB_METRICS=127.0.0.1:9477

# name, address with prefix length, default router
LAB_CLIENTS=(
  "finance 10.20.8.21/16 10.20.0.1"
  "staff 10.20.1.7/16 10.20.0.1"
  "printer 10.20.250.4/16 10.20.0.1"
  "resolver 10.20.0.10/16 10.20.0.1"
  "guest 10.99.0.9/16 10.99.0.1"
  "stranger 172.16.5.5/16 172.16.0.1"
)

# in_ns NAME COMMAND...: runs it in a network namespace of the lab. Only the network is another one: no mount changes,
# so this works in a chroot and in a container too, and leaves nothing in /etc. Names are asked for with dig.
in_ns() {
  local name=$1
  shift
  nsenter --net="/run/netns/$LAB-$name" "$@"
}

# lab_spawn NAME NAMESPACE COMMAND...: in the background, its output in $LAB_DIR/NAME.log, its number in NAME.pid.
lab_spawn() {
  local name=$1 namespace=$2
  shift 2
  # nsenter becomes the command, so that $! is its number. The lock of a demo or a test must not outlive it.
  nsenter --net="/run/netns/$LAB-$namespace" "$@" </dev/null >>"$LAB_DIR/$name.log" 2>&1 8>&- 9>&- &
  echo $! >"$LAB_DIR/$name.pid"
  disown  # its end is nobody's news
}

lab_pid() { cat "$LAB_DIR/$1.pid"; }
lab_alive() { kill -0 "$(lab_pid "$1" 2>/dev/null)" 2>/dev/null; }

# lab_stop NAME [SIGNAL]: ends what lab_spawn started, and waits until it is gone.
lab_stop() {
  local pid
  pid=$(lab_pid "$1" 2>/dev/null) || return 0
  kill "-${2:-TERM}" "$pid" 2>/dev/null
  lab_wait 10 lab_gone "$pid" || { kill -KILL "$pid" 2>/dev/null; lab_wait 5 lab_gone "$pid"; }
  rm -f "$LAB_DIR/$1.pid"
}
# A process whose first thread is a zombie may still hold files and locks in the others.
lab_gone() {
  local threads=(/proc/"$1"/task/*)
  [[ ! -d /proc/$1 ]] || { ((${#threads[@]} == 1)) && [[ $(ps -o stat= -p "$1") == Z* ]]; }
}

# lab_wait SECONDS COMMAND...: until the command succeeds.
lab_wait() {
  local until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < until)) || return 1
    sleep 0.05
  done
}

# lab_down: ends every process of the lab, and takes away its namespaces and files; also those of a run that was killed.
lab_down() {
  local namespace pids
  for namespace in $(ip netns list 2>/dev/null | awk -v lab="$LAB" 'index($1, lab "-") == 1 { print $1 }'); do
    pids=$(ip netns pids "$namespace" 2>/dev/null)
    # shellcheck disable=SC2086
    [[ -z $pids ]] || kill -KILL $pids 2>/dev/null
    ip netns del "$namespace" 2>/dev/null
  done
  rm -rf "$LAB_DIR"
}

# A veth pair between two namespaces: lab_cable NAMESPACE INTERFACE NAMESPACE INTERFACE
lab_cable() {
  ip link add "$2" netns "$LAB-$1" mtu "$LAB_MTU" type veth peer name "$4" netns "$LAB-$3" mtu "$LAB_MTU" &&
    in_ns "$1" ip link set "$2" up && in_ns "$3" ip link set "$4" up
}

# A port of the gateway, and the far end of its cable: frames must come one by one, as from a wire.
lab_port() {
  local port=$1 namespace=$2 interface=$3
  lab_cable "$LAB_GW" "$port" "$namespace" "$interface" || return
  in_ns "$LAB_GW" sysctl -q -w "net.ipv6.conf.$port.disable_ipv6=1"
  in_ns "$LAB_GW" ip link set "$port" arp off promisc on
  in_ns "$LAB_GW" ethtool -K "$port" gro off gso off tso off >/dev/null 2>&1
  in_ns "$namespace" ethtool -K "$interface" gro off gso off tso off >/dev/null 2>&1
  return 0
}

# lab_up: namespaces, cables, addresses. Nothing runs yet.
lab_up() {
  local namespace client name address router
  mkdir -p "$LAB_DIR" && chmod 755 "$LAB_DIR" || return
  for namespace in "${LAB_NAMESPACES[@]}"; do
    ip netns add "$LAB-$namespace" || return
    in_ns "$namespace" ip link set lo up
  done
  in_ns lan ip link add office mtu "$LAB_MTU" type bridge mcast_snooping 0 && in_ns lan ip link set office up || return
  lab_port lan lan to-gw || return
  in_ns lan ip link set to-gw master office
  for client in "${LAB_CLIENTS[@]}"; do
    read -r name address router <<<"$client"
    lab_cable "$name" eth0 lan "$name" || return
    in_ns lan ip link set "$name" master office
    in_ns "$name" ip address add "$address" dev eth0
    in_ns "$name" ip route add default via "$router"
  done
  lab_line_up && lab_ipv6_up
}

# The far side: a router that is also the host of every server, headquarters and an outsider behind it.
lab_line_up() {
  local address number=10 site
  lab_port line line eth0 || return
  for address in 10.20.0.1/16 10.99.0.1/16 172.16.0.1/16; do
    in_ns line ip address add "$address" dev eth0
  done
  in_ns line ip address add 198.51.100.53/32 dev lo
  for site in "${LAB_SITES[@]}"; do
    in_ns line ip address add "198.51.100.$number/32" dev lo
    ((number++))
  done
  in_ns line sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  lab_cable hq eth0 line hq && lab_cable outsider eth0 line outsider || return
  in_ns line ip address add 10.64.0.1/16 dev hq
  in_ns hq ip address add 10.64.3.2/16 dev eth0
  in_ns hq ip route add default via 10.64.0.1
  in_ns line ip address add 203.0.113.1/24 dev outsider
  in_ns outsider ip address add 203.0.113.66/24 dev eth0
  in_ns outsider ip route add default via 203.0.113.1
}

lab_ipv6_up() {
  in_ns staff ip address add fd12:3456:20::7/64 dev eth0 nodad
  in_ns line ip address add fd12:3456:20::1/64 dev eth0 nodad
  in_ns staff ip route add default via fd12:3456:20::1
}

# A certificate authority made on the spot, and one certificate for every site and the names right below it.
lab_certificates() {
  local tls=$LAB_DIR/tls names
  mkdir -p "$tls"
  names=$(printf 'DNS:%s,' "${LAB_SITES[@]}" "${LAB_SITES[@]/#/*.}")
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=lab' \
    -addext keyUsage=critical,keyCertSign -keyout "$tls/ca.key" -out "$tls/ca.pem" 2>/dev/null &&
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=sites' -keyout "$tls/site.key" \
      -out "$tls/site.csr" 2>/dev/null &&
    openssl x509 -req -in "$tls/site.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 30 \
      -extfile <(echo "subjectAltName=${names%,}") -out "$tls/site.pem" 2>/dev/null
}

lab_nginx_conf() {
  local site number=10
  cat <<CONF
daemon off; user root; worker_processes 1; pid $LAB_DIR/nginx-worker.pid; error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off; sendfile on; default_type text/plain; client_body_temp_path $LAB_DIR; proxy_temp_path $LAB_DIR;
  fastcgi_temp_path $LAB_DIR; uwsgi_temp_path $LAB_DIR; scgi_temp_path $LAB_DIR; keepalive_requests 1000000;
  ssl_certificate $LAB_DIR/tls/site.pem; ssl_certificate_key $LAB_DIR/tls/site.key; ssl_session_cache off;
CONF
  for site in "${LAB_SITES[@]}"; do
    printf '  server { listen 198.51.100.%d:80; listen 198.51.100.%d:443 ssl http2; server_name %s;\n' $number $number "$site"
    printf '    location = / { return 200 "this is %s\\n"; } location / { root %s/www; } }\n' "$site" "$LAB_DIR"
    ((number++))
  done
  echo '}'
}

# lab_servers_start: web servers and DNS on the line, the office's resolver and its printer.
lab_servers_start() {
  local number=10 site answers=()
  lab_certificates || { echo "lab: openssl could not make the certificates" >&2; return 1; }
  mkdir -p "$LAB_DIR/www"
  lab_nginx_conf >"$LAB_DIR/nginx.conf"
  for site in "${LAB_SITES[@]}"; do
    answers+=("--address=/$site/198.51.100.$number")
    ((number++))
  done
  lab_spawn nginx line nginx -e stderr -p "$LAB_DIR" -c "$LAB_DIR/nginx.conf"
  lab_spawn upstream line dnsmasq -k -C /dev/null -u root -R -h --pid-file= --bind-interfaces --local=/example/ \
    --listen-address=198.51.100.53 "${answers[@]}"
  lab_spawn resolver resolver dnsmasq -k -C /dev/null -u root -R -h --pid-file= --bind-interfaces \
    --listen-address=10.20.0.10 --server=198.51.100.53 --cache-size=150
  lab_spawn printer printer python3 "$LAB_CHECKOUT/deploy/demo.d/printer.py" 10.20.250.4 9100 "$LAB_DIR/printed"
  lab_wait 10 lab_servers_answer || { echo "lab: the servers do not answer; see $LAB_DIR/*.log" >&2; return 1; }
}
lab_servers_answer() {
  in_ns line curl -sf -m 1 --resolve erp.example:443:198.51.100.10 --cacert "$LAB_DIR/tls/ca.pem" https://erp.example/ &&
    in_ns line dig +short +time=1 +tries=1 @198.51.100.53 erp.example | grep -q 198.51.100.10 &&
    in_ns printer python3 -c 'import socket; socket.create_connection(("10.20.250.4", 9100), 1)' && lab_alive resolver
}

# lab_gateway_start [OPTION...]: the data plane on the two ports, without huge pages.
lab_gateway_start() {
  mkdir -p "$LAB_DIR/dataplane"
  lab_spawn dataplane "$LAB_GW" "$LAB_BUILD/dataplane/boot/sluice-dataplane" --pair iplc-sg "$LAB_DRIVER:lan" "$LAB_DRIVER:line" \
    --socket "$LAB_DIR/dataplane.sock" --state "$LAB_DIR/dataplane" --mtu "$LAB_MTU" "$@"
  lab_wait 20 lab_gateway_ready && return
  echo "lab: the data plane did not start:" >&2
  tail -n 5 "$LAB_DIR/dataplane.log" >&2
  return 1
}
lab_gateway_ready() { [[ -S $LAB_DIR/dataplane.sock ]] || { lab_alive dataplane || SECONDS=9999; false; }; }

# lab_control_start [POLICIES [OPTION...]]: control on a policy directory; returns when its policy is in force.
lab_control_start() {
  local policies=${1:-$LAB_DIR/policies}
  mkdir -p "$LAB_DIR/log" "$LAB_DIR/control"
  lab_spawn control "$LAB_GW" "$LAB_BUILD/control/sluice-control" --policies "$policies" --dataplane "$LAB_DIR/dataplane.sock" \
    --api "$LAB_DIR/api.sock" --state "$LAB_DIR/control" --log "$LAB_DIR/log" --metrics "$LAB_METRICS" "${@:2}"
  lab_wait 20 lab_in_force && return
  echo "lab: no policy came into force:" >&2
  tail -n 5 "$LAB_DIR/control.log" >&2
  return 1
}
lab_in_force() { lab_metrics | grep -Eq '^sluice_policy_generation(\{.*\})? [1-9]'; }

lab_metrics() { in_ns "$LAB_GW" curl -sf -m 2 "http://$LAB_METRICS/metrics"; }
lab_ctl() { "$LAB_BUILD/control/sluicectl" --socket "$LAB_DIR/api.sock" "$@"; }
lab_records() { zstdcat -q "$LAB_DIR"/log/access-*.jsonl.zst 2>/dev/null; }
