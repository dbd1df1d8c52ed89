# smoke: real recipients of copies in the lab's gateway: ClickHouse and rsyslog, both with TLS; sourced after smoke.bash.

COPIES_HTTPS=18443 COPIES_HTTP=18123 COPIES_TCP=19000 COPIES_SYSLOG=16514

# A certificate for 127.0.0.1, by the authority of lab_certificates.
copies_certificate() {
  local tls=$LAB_DIR/tls
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=copies' -keyout "$tls/copies.key" \
    -out "$tls/copies.csr" 2>/dev/null &&
    openssl x509 -req -in "$tls/copies.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 30 \
      -extfile <(echo "subjectAltName=IP:127.0.0.1") -out "$tls/copies.pem" 2>/dev/null
}

clickhouse_conf() {
  mkdir -p "$LAB_DIR/clickhouse"
  cat >"$LAB_DIR/clickhouse/config.xml" <<XML
<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <http_port>$COPIES_HTTP</http_port><https_port>$COPIES_HTTPS</https_port><tcp_port>$COPIES_TCP</tcp_port>
  <openSSL><server><certificateFile>$LAB_DIR/tls/copies.pem</certificateFile><verificationMode>none</verificationMode>
    <privateKeyFile>$LAB_DIR/tls/copies.key</privateKeyFile><loadDefaultCAFile>false</loadDefaultCAFile></server></openSSL>
  <listen_host>127.0.0.1</listen_host>
  <mark_cache_size>67108864</mark_cache_size>
  <path>$LAB_DIR/clickhouse/data/</path><tmp_path>$LAB_DIR/clickhouse/tmp/</tmp_path>
  <users_config>users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
  <remote_servers/>
</yandex>
XML
  cat >"$LAB_DIR/clickhouse/users.xml" <<'XML'
<yandex>
  <profiles><default/></profiles><quotas><default/></quotas>
  <users>
    <sluice><password>a pass word</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></sluice>
    <default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
  </users>
</yandex>
XML
  printf 'a pass word\n' >"$LAB_DIR/clickhouse/password" && chmod 600 "$LAB_DIR/clickhouse/password"
}
clickhouse_start() { lab_spawn clickhouse gw clickhouse-server --config-file="$LAB_DIR/clickhouse/config.xml" && lab_wait 20 query "SELECT 1"; }
# query SQL: its answer.
query() { in_ns gw curl -sSf -m 30 "http://127.0.0.1:$COPIES_HTTP/" --data-binary "$1"; }
# The schema, in a database of another name where one is said.
clickhouse_schema() {
  sed "s/sluice\./${1:-sluice}./; s/EXISTS sluice;/EXISTS ${1:-sluice};/; s/FROM sluice\./FROM ${1:-sluice}./" \
    "$LAB_CHECKOUT/deploy/clickhouse/schema.sql" | in_ns gw clickhouse-client --port "$COPIES_TCP" --multiquery
}

rsyslog_conf() {
  mkdir -p "$LAB_DIR/rsyslog"
  cat >"$LAB_DIR/rsyslog/rsyslog.conf" <<CONF
global(workDirectory="$LAB_DIR/rsyslog" maxMessageSize="64k" defaultNetstreamDriver="ossl"
       defaultNetstreamDriverCAFile="$LAB_DIR/tls/ca.pem" defaultNetstreamDriverCertFile="$LAB_DIR/tls/copies.pem"
       defaultNetstreamDriverKeyFile="$LAB_DIR/tls/copies.key")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
template(name="raw" type="string" string="%rawmsg%\n")
input(type="imtcp" port="$COPIES_SYSLOG" address="127.0.0.1")
action(type="omfile" file="$LAB_DIR/rsyslog/received" template="raw")
CONF
}
rsyslog_start() { lab_spawn rsyslog gw rsyslogd -n -f "$LAB_DIR/rsyslog/rsyslog.conf" -i "$LAB_DIR/rsyslog/pid"; }

# copy NAME KEY: what status says of one copy.
copy() { lab_ctl status --json | python3 -c '
import json, sys
print(next(copy[sys.argv[2]] for copy in json.load(sys.stdin)["log"]["copies"] if copy["name"] == sys.argv[1]))' "$@"; }
copy_has_all() { [[ $(copy "$1" behind_records) == 0 && -z $(copy "$1" error) && $(copy "$1" records) != 0 ]]; }

# held FILE...: the ids in files of lines, one a line, held against the log: what is missing, what is there twice.
held() {
  lab_records | python3 -c '
import collections, json, sys
wanted = [json.loads(line)["event"]["id"] for line in sys.stdin]
got = collections.Counter(line.strip() for line in open(sys.argv[1]))
missing, strange = set(wanted) - set(got), set(got) - set(wanted)
print(len(wanted), "records,", len(missing), "missing,", sum(got.values()) - len(got), "doubled,", len(strange), "strange")' "$1"
}
in_clickhouse() { query "SELECT id FROM ${1:-sluice}.access_log FINAL" >"$LAB_DIR/ids" && held "$LAB_DIR/ids"; }
# By rsyslog's own file: a message is the line behind the header.
in_syslog() {
  python3 -c '
import json, sys
for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
    print(json.loads(line[line.index("{"):])["event"]["id"])' "$LAB_DIR/rsyslog/received" >"$LAB_DIR/ids" && held "$LAB_DIR/ids"
}
