-- deploy: where ClickHouse keeps copies of the access log. For 18.16, as Debian 12 has it, and newer ones.
--
--   clickhouse-client --multiquery < schema.sql
--
-- With a newer server: DateTime64(6, 'UTC') says time and microsecond in one column; LowCardinality(String) makes the
-- columns of words smaller (here it is experimental); TTL time + INTERVAL 185 DAY deletes by itself what `retention` drops.

CREATE DATABASE IF NOT EXISTS sluice;

-- One row for each line. Lines may come more than once (at-least-once): the key is the line's own id, so that rows of one
-- line are merged, and views read FINAL, so that they count once before that. The time is the line's own, so all rows of
-- one line lie in one partition.
CREATE TABLE IF NOT EXISTS sluice.access_log (
    time                DateTime('UTC'),
    microsecond         UInt32,
    id                  String,             -- event.id; of a line without one its SHA-256
    kind                String,             -- access, end, continues, gap, other
    source_ip           String,             -- or a pseudonym; Strings, as it may be either
    destination_ip      String,
    site                String,             -- observer.name
    action              String,             -- allowed, blocked, observed
    reason              String,
    would               String,             -- of observed: what would have been
    transport           String,
    protocol            String,
    ip_type             String,
    vlan                String,
    source_port         UInt16,
    source_bytes        UInt64,
    source_packets      UInt64,
    source_mac          String,
    user                String,
    destination_port    UInt16,
    destination_bytes   UInt64,
    destination_packets UInt64,
    domain              String,
    rule                String,
    list                String,             -- rule.ruleset
    network             String,
    line_name           String,             -- the pair of ports: sluice.line
    seen                String,
    generation          UInt32,
    ended               String,
    access              String,             -- of ends: id of the flow's row before
    left_out            UInt64,
    ttl                 UInt16,             -- of the packet that was judged; 0 where none is known
    duration_ns         UInt64,
    lost                UInt64,             -- of gaps
    worker              UInt32,             -- of gaps
    end_time            DateTime('UTC'),    -- of ends: event.end
    end_microsecond     UInt32,
    repeats             UInt64,             -- event.count; 1 where the line stands for one access
    pseudonyms          UInt8,
    line                String,             -- all of it, as it came
    received            DateTime('UTC') DEFAULT now()
) ENGINE = ReplacingMergeTree(received)
PARTITION BY toYYYYMMDD(time)
ORDER BY (site, time, microsecond, id);

-- A condition on time is worth writing in every question: it decides which partitions are read.

CREATE VIEW IF NOT EXISTS sluice.accesses AS
SELECT time, microsecond, id, site, action, reason, would, source_ip, source_port, source_mac, user, destination_ip,
       destination_port, domain, transport, protocol, ip_type, vlan, source_bytes, destination_bytes, rule, list, network,
       line_name, seen, generation, repeats, pseudonyms, line
FROM sluice.access_log FINAL
WHERE kind = 'access';

CREATE VIEW IF NOT EXISTS sluice.ends AS
SELECT time, microsecond, id, access, site, action, reason, kind, ended, source_ip, source_port, user, destination_ip,
       destination_port, domain, transport, protocol, source_bytes, source_packets, destination_bytes,
       destination_packets, duration_ns, end_time, end_microsecond, left_out, rule, list, network, line_name, line
FROM sluice.access_log FINAL
WHERE kind IN ('end', 'continues');

-- Accesses with what passed until their flow ended, or until its first `continues`. The right side lies in memory: with
-- many rows, write the join with a time on both sides. Where the policy folds, the end of a repeat finds no row: its access
-- is one of the numbers in another line's `sluice.folded`.
CREATE VIEW IF NOT EXISTS sluice.flows AS
SELECT time, microsecond, id, site, action, reason, source_ip, user, destination_ip, destination_port, domain, rule,
       network, ended, duration_ns, sent_bytes, received_bytes
FROM (SELECT time, microsecond, id, site, action, reason, source_ip, user, destination_ip, destination_port, domain, rule,
             network
      FROM sluice.access_log FINAL WHERE kind = 'access')
ANY LEFT JOIN (SELECT access AS id, ended, duration_ns, source_bytes AS sent_bytes, destination_bytes AS received_bytes
               FROM sluice.access_log FINAL WHERE kind IN ('end', 'continues') AND access != '') USING id;

CREATE VIEW IF NOT EXISTS sluice.gaps AS
SELECT time, microsecond, id, site, reason, lost, worker, line
FROM sluice.access_log FINAL
WHERE kind = 'gap';

CREATE VIEW IF NOT EXISTS sluice.blocked_by_rule AS
SELECT toDate(time) AS day, site, rule, list, reason, sum(repeats) AS accesses, uniqExact(source_ip) AS clients
FROM sluice.access_log FINAL
WHERE kind = 'access' AND action = 'blocked'
GROUP BY day, site, rule, list, reason;

CREATE VIEW IF NOT EXISTS sluice.top_talkers AS
SELECT toDate(time) AS day, site, source_ip, any(network) AS in_network, sum(source_bytes) AS sent_bytes,
       sum(destination_bytes) AS received_bytes, count() AS flows
FROM sluice.access_log FINAL
WHERE kind IN ('end', 'continues')
GROUP BY day, site, source_ip;
