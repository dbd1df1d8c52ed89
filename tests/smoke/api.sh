#!/bin/bash
# smoke: who asks control over the network shows a certificate that names a user of this machine, and is then no more than that user.
source "$(dirname "$0")/lib/smoke.bash"
tls=$LAB_DIR/api-tls

# paper NAME SIGNER: a key and a certificate.
paper() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$tls/$1.key" -out "$tls/$1.csr" 2>/dev/null &&
    openssl x509 -req -in "$tls/$1.csr" -CA "$tls/$2.pem" -CAkey "$tls/$2.key" -CAcreateserial -days 2 -out "$tls/$1.pem" 2>/dev/null
}
authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" -keyout "$tls/$1.key" -out "$tls/$1.pem" 2>/dev/null
}
papers() {
  mkdir -p "$tls" && authority ours && authority theirs && paper gateway ours && paper nobody ours && paper root ours && paper ghost.user ours &&
    paper nobody.theirs theirs
}
# said [PAPER]: what control answers, with a certificate or without.
said() {
  local word=()
  [[ -z ${1:-} ]] || word=(-cert "$tls/$1.pem" -key "$tls/$1.key")
  (echo '{"command":"status"}'; sleep 1) | in_ns gw timeout 5 openssl s_client -quiet -no_ign_eof -connect 127.0.0.1:9478 -CAfile "$tls/ours.pem" "${word[@]}" 2>/dev/null
}
refused() { metric '^sluice_api_refused_total'; }
control_with() { lab_stop control; lab_control_start "$LAB_DIR/policies" --api-tls 127.0.0.1:9478 "$@"; }

need "the office is up" office_up
need "papers" papers
need "control serves the network" control_with --api-ca "$tls/ours.pem" --api-cert "$tls/gateway.pem" --api-key "$tls/gateway.key"
check "root asks over the socket" lab_ctl status
check "somebody in no group is told which groups may" contains "$(said nobody)" 'is for members of sluice-read, sluice-admin or sluice-audit; nobody is not one of them'
check "that is counted" same "$(refused)" 1
for each in '' root ghost.user nobody.theirs; do check "${each:-no certificate} is not answered" same "$(said "$each")" ""; done
check "those are counted" same "$(refused)" 5
