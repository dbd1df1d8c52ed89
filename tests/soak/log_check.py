# soak: the access log, held against what the clients asked for, and each record against the policy that it names.
import collections
import hashlib
import json
import re
import subprocess
from datetime import datetime

import gateway
from clients import Access, Kind
from gateway import DIR
from model import NETWORK_OF, PC, Policy
from timeline import REFUSED, TOLD, Timeline

SOAK_NAME = re.compile(r"a(\d+)\.d\d\d\.example")
SLACK_S = 1.0  # between a client's clock and a record's


def lines_of_log() -> list[dict]:
    done = subprocess.run(["bash", "-c", f"zstdcat -q {DIR}/log/access-*.jsonl.zst"], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def stamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class LogCheck:
    """problems: in words. counts: for the summary."""

    def __init__(self, accesses: list[Access], kinds: list[Kind], policies: list[Policy], timeline: Timeline) -> None:
        self.accesses = {access.number: access for access in accesses}
        self.kinds = {kind.name: kind for kind in kinds}
        self.timeline = timeline
        # One may have several generations: a control that was killed while it kept one compiles it anew.
        self.policies = {hashlib.sha256(policy.text().encode()).hexdigest(): policy for policy in policies}
        self.problems: list[str] = []
        self.counts: collections.Counter[str] = collections.Counter()

    def run(self) -> None:
        lines = lines_of_log()
        gaps = [line for line in lines if line["event"].get("kind") == "pipeline_error"]
        records = [line for line in lines if line["event"].get("kind") != "pipeline_error"]
        self.counts["lines"] = len(lines)
        self.check_gaps(gaps)
        self.check_numbers(records)
        own: dict[int, list[dict]] = collections.defaultdict(list)
        for record in records:
            match = SOAK_NAME.fullmatch(record["destination"].get("domain", ""))
            if match and "ended" not in record["sluice"]:
                own[int(match[1])].append(record)
        self.counts["records of accesses"] = sum(len(some) for some in own.values())
        self.check_verdicts(own)
        self.check_accesses(own)
        self.check_strangers(records)

    def check_gaps(self, gaps: list[dict]) -> None:
        """Records may be missing where data plane and control went down together, and nowhere else."""
        for gap in gaps:
            self.counts["gap lines"] += 1
            if not self.timeline.may_be_lost(stamp(gap["sluice"]["from"]) - SLACK_S, stamp(gap["sluice"]["until"])):
                self.problems.append(f"a gap that nothing explains: {json.dumps(gap)}")

    def check_numbers(self, records: list[dict]) -> None:
        """Each worker of each data plane numbers its records from 1 on."""
        numbers: dict[str, list[int]] = collections.defaultdict(list)
        for record in records:
            source, _, number = record["event"]["id"].rpartition("-")
            numbers[source].append(int(number))
        self.counts["data planes"] = len(numbers)
        for source, seen in numbers.items():
            doubled, missing = len(seen) - len(set(seen)), max(seen) - len(set(seen))
            self.counts["doubled"] += doubled
            self.counts["missing"] += missing
            if doubled or missing:
                self.problems.append(f"of the records of {source} {missing} are missing, {doubled} are there twice")

    def check_verdicts(self, own: dict[int, list[dict]]) -> None:
        """By the very policy that the record names, which must be one that may have been in force."""
        generations = {line["generation"]: self.policies.get(line["sources"][0]["sha256"]) for line in gateway.history() if line.get("sources")}
        for number, records in own.items():
            access = self.accesses.get(number)
            for record in records if access else ():  # none: it was still being asked for at the end
                generation = record["sluice"]["generation"]
                policy = generations.get(generation)
                if policy is None:
                    self.problems.append(f"{record['event']['id']} names generation {generation}, which is none of the policies")
                    continue
                at = stamp(record["@timestamp"])
                if all(candidate is not policy for candidate in self.timeline.candidates(at, at)):
                    self.problems.append(f"{record['event']['id']} was judged by policy {policy.number}, which was not in force then")
                protocol = record["network"]["protocol"]
                wanted = policy.verdict(access.namespace, access.name, access.address, protocol)
                told = (record["event"]["action"], record.get("rule", {}).get("name") or record["event"]["reason"])
                self.counts["verdicts compared"] += 1
                if told != (wanted.action, wanted.rule):
                    self.problems.append(f"{record['event']['id']} of generation {generation}, policy {policy.number}: {access.namespace} to"
                                         f" {access.name} over {protocol}: {told}, and the model says {(wanted.action, wanted.rule)}")

    def check_accesses(self, own: dict[int, list[dict]]) -> None:
        """Whoever got a page, or the gateway's answer, has a record that says so."""
        for access in self.accesses.values():
            kind, records = self.kinds[access.client], own.get(access.number, [])
            actions = {record["event"]["action"] for record in records}
            got = access.outcome.kind
            # A stranger is judged before there is a name, also where it passes, as nothing is enforced.
            if not kind.named or got not in ("page", *REFUSED) or NETWORK_OF[access.namespace] in (None, "guests"):
                continue
            disturbed = self.timeline.disturbed(access.began, access.ended)
            if got == "refused" and (disturbed or not records and kind.records is None):
                continue  # by whom, nobody knows
            wanted = {"allowed", "observed"} if got == "page" else {"blocked"}
            self.counts["accesses held against it"] += 1
            if not actions & wanted:
                if self.timeline.may_be_lost(access.began, access.ended):
                    self.counts["lost with both"] += 1
                    continue
                self.counts["lost"] += 1
                self.problems.append(f"access {access.number}, {access.client}: {got}, and {len(records)} records say {sorted(actions)}")
            elif kind.records is not None and len(records) != kind.records and not disturbed and got in ("page", *TOLD) and len(
                    self.timeline.candidates(access.began, access.ended)) == 1:
                self.problems.append(f"access {access.number}, {access.client}: {len(records)} records in place of {kind.records}")


    def check_strangers(self, records: list[dict]) -> None:
        """They have no name to be found by: of what befell them as much is recorded, at the least."""
        for namespace in (name for name, network in NETWORK_OF.items() if network in (None, "guests")):
            for got, action in (("refused", "blocked"), ("page", "observed")):
                told = sum(record["source"]["ip"] == PC[namespace] and record["event"]["action"] == action
                           and "ended" not in record["sluice"] for record in records)
                met = sum(access.namespace == namespace and access.outcome.kind == got
                          and not self.timeline.disturbed(access.began, access.ended)
                          and not self.timeline.may_be_lost(access.began, access.ended) for access in self.accesses.values())
                self.counts["accesses held against it"] += met
                if told < met:
                    self.problems.append(f"{namespace} got {got} {met} times, and {told} records say {action}")


def verify() -> tuple[bool, str]:
    done = subprocess.run([*gateway.CTL, "logs", "verify", "--log", str(DIR / "log")], capture_output=True, text=True)
    return done.returncode == 0, (done.stdout + done.stderr).strip()
