# soak: what may have been in force, and what stood in the way, at any time; and what a client may therefore have got.
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass

from model import Policy, Verdict

RELOAD_SLACK_S = 0.5  # before and after a change both policies are right
RESTART_SLACK_S = 3.0  # an older image may be in force until control has come
FOREVER = float("inf")


@dataclass
class Span:
    """The policy may have been in force in this time; or: something stood in the way."""
    what: object
    began: float
    ended: float = FOREVER

    def meets(self, began: float, ended: float) -> bool:
        return self.began <= ended and began <= self.ended


class Timeline:
    def __init__(self, first: Policy) -> None:
        self.lock = threading.Lock()
        self.policies = [Span(first, 0.0)]
        self.outages: list[Span] = []  # of any kind, with the time after it in which clients recover
        self.down: list[Span] = []  # no data plane at all
        self.given_up: list[tuple[float, float]] = []  # when it was looked, and how many packets the data planes had given up by then
        self.losses: list[Span] = []  # records of this time may be lost: nobody was left who had them

    def offer(self, policy: Policy) -> None:
        """From now on it may be in force, besides what was."""
        with self.lock:
            self.policies.append(Span(policy, time.time() - RELOAD_SLACK_S))

    def settle(self, policy: Policy) -> None:
        """It is in force, and no other."""
        with self.lock:
            for span in self.policies:
                if span.what is not policy and span.ended == FOREVER:
                    span.ended = time.time() + RELOAD_SLACK_S

    def recall(self, seconds: float) -> None:
        """What was in force within the last seconds may be so again: an image that was not kept in time."""
        now = time.time()
        with self.lock:
            again = [Span(span.what, now, now + RESTART_SLACK_S) for span in self.policies if now - seconds < span.ended < FOREVER]
            self.policies += again

    @contextmanager
    def outage(self, kind: str, settle_s: float):
        span = Span(kind, time.time())
        with self.lock:
            self.outages.append(span)
        try:
            yield span
        finally:
            span.ended = time.time() + settle_s

    def candidates(self, began: float, ended: float) -> list[Policy]:
        with self.lock:
            return list({span.what.number: span.what for span in self.policies if span.meets(began, ended)}.values())

    def disturbed(self, began: float, ended: float) -> bool:
        with self.lock:
            return any(span.meets(began, ended) for span in self.outages)

    def within_down(self, began: float, ended: float) -> bool:
        with self.lock:
            return any(span.began <= began and ended <= span.ended for span in self.down)

    def may_be_lost(self, began: float, ended: float) -> bool:
        with self.lock:
            return any(span.meets(began, ended) for span in self.losses)

    def overloaded(self, began: float, ended: float) -> bool:
        """Whether packets were given up meanwhile for want of time: `overload` and its like, which are counted and not recorded."""
        before = max((count for at, count in self.given_up if at < began), default=0.0)
        return next((count for at, count in self.given_up if at > ended), before) > before

    def verdicts(self, access) -> list[Verdict]:
        return [policy.verdict(access.namespace, access.name, access.address, access.protocol)
                for policy in self.candidates(access.began, access.ended)]


TOLD = ("403", "alert", "NXDOMAIN")  # the gateway's own words, which come from nothing else
REFUSED = (*TOLD, "refused")


def problem_of(access, timeline: Timeline) -> str | None:
    """What is wrong with what the client got; None: nothing."""
    passes = {verdict.passes for verdict in timeline.verdicts(access)}
    got = access.outcome.kind
    if got == "page" and timeline.within_down(access.began, access.ended):
        return "passed while the data plane was down"
    if got == "page" and True not in passes:
        return "passed, and should be blocked"
    if got in TOLD and False not in passes:
        return "was blocked, and should pass"
    if timeline.disturbed(access.began, access.ended) or len(passes) > 1:
        return None
    if got != "page" and access.once and timeline.overloaded(access.began, access.ended):
        return None
    if True in passes and got != "page":
        return f"should pass, and got {got}: {access.outcome.words}"
    if False in passes and got not in REFUSED:
        return f"should be refused at once, and got {got}: {access.outcome.words}"
    return None
