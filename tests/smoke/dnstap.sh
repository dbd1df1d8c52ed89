#!/bin/bash
# smoke: a resolver on the LAN tells control by dnstap what it answered, and an allow-only client gets to a nameless server.
# The resolver knows the answer itself, so no question and no answer ever crosses the gateway.
source "$(dirname "$0")/lib/smoke.bash"
socket=$LAB_DIR/dnstap.sock

unbound_conf() {
  cat <<CONF
server:
  interface: 10.20.0.10@5353
  access-control: 0.0.0.0/0 allow
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: $LAB_DIR
  pidfile: ""
  module-config: iterator
  local-zone: example. static
  local-data: 'erp.example. 60 IN A 198.51.100.10'
  local-data: 'news.example. 60 IN A 198.51.100.12'
dnstap:
  dnstap-enable: yes
  dnstap-socket-path: $socket
  dnstap-log-client-response-messages: yes
CONF
}
# nameless ADDRESS: TLS of finance without a server name.
nameless() {
  in_ns finance timeout 5 openssl s_client -brief -noservername -connect "$1:443" </dev/null 2>&1 | grep -q 'CONNECTION ESTABLISHED'
}
refused() { ! nameless "$1"; }
asked() { same "$(in_ns finance dig +short +time=2 +tries=2 -p 5353 @10.20.0.10 "$1")" "$2"; }
bound() { (($(metric '^sluice_dnstap_bindings_total.*"bound"') >= $1)); }
connections() { (($(metric '^sluice_dnstap_connections') == $1)); }
# says BYTES: a resolver that is none, and is hung up on.
says() {
  local before
  before=$(metric '^sluice_dnstap_refused')
  python3 -c '
import socket, sys
resolver = socket.socket(socket.AF_UNIX)
resolver.settimeout(5)
resolver.connect(sys.argv[1])
resolver.sendall(bytes.fromhex(sys.argv[2]))
sys.exit(resolver.recv(1) != b"")' "$socket" "$1" && (($(metric '^sluice_dnstap_refused') == before + 1))
}

need "the office is up" office_up
printf '\ndnstap: {socket: %s}\n' "$socket" >"$LAB_DIR/policies/zz-dnstap.yaml"
check "nobody listens before the policy says so" test ! -e "$socket"
need "the policy with dnstap comes into force" lab_ctl apply --reason dnstap
need "control listens" lab_wait 5 test -S "$socket"
check "no name, no binding: refused" refused 198.51.100.10
unbound_conf >"$LAB_DIR/unbound.conf"
lab_spawn unbound resolver unbound -d -c "$LAB_DIR/unbound.conf"
need "the resolver connects" lab_wait 10 connections 1
check "it answers an essential name" asked erp.example 198.51.100.10
check "which binds the address" lab_wait 5 bound 1
check "the same access is allowed" lab_wait 5 nameless 198.51.100.10
check "it answers another name" asked news.example 198.51.100.12
check "which binds too" lab_wait 5 bound 2
check "and opens nothing" refused 198.51.100.12
check "what is no frame stream is hung up on" says 00000000000000040000dead
check "and so is a frame that is too long" says 7fffffff
check "the resolver stays" connections 1
rm "$LAB_DIR/policies/zz-dnstap.yaml"
check "a policy without dnstap" lab_ctl apply --reason "no dnstap"
check "ends it" lab_wait 5 test ! -e "$socket"
