# soak: what befalls the gateway while its clients go on: drawn from the seed beforehand, then done one by one.
import os
import random
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import gateway
from gateway import DIR, LAB, Broken
from model import Policy, edited, first_policy
from timeline import Span, Timeline

FIRST_S = 5.0
PAUSE_S = (3.0, 9.0)  # between the beginnings of two, at least and at most
SEASON_S = 900.0  # nobody is killed but in the first KILLS_S of it, so that lives are long enough to see a leak
KILLS_S = 300.0
# How long clients need after it: TCP and ARP ask again after one second, and then after two.
SETTLE_S = 3.5
KEPT_S = 5.0  # an image that came into force longer ago is on the disk
SYNCED_S = 3.0  # control writes what stands in the rings within so long, when nothing holds it up
TRIES_S = 10.0  # control finds a data plane that was started again within so long

WEIGHTS = {"reload": 12, "reloads": 2, "kill-control": 2, "kill-control-in-apply": 1, "kill-dataplane": 2, "kill-dataplane-after-apply": 1,
           "kill-both": 1, "restart-control": 1, "restart-dataplane": 1, "flap-line": 2, "flap-lan": 2, "stall-control": 2, "disk-full": 1}
DEADLY = {kind for kind in WEIGHTS if kind.startswith(("kill", "restart"))}


@dataclass
class Event:
    number: int
    at_s: float
    kind: str
    seconds: float = 0.0  # how long it is so: a port down, a process stopped or gone
    policies: list[Policy] = field(default_factory=list)  # that come into force, one after the other

    def text(self) -> str:
        words = f"{self.number:4} at {self.at_s:7.1f} s  {self.kind:27}" + (f"{self.seconds:5.2f} s  " if self.seconds else "         ")
        return words + "; ".join(f"policy {policy.number}: {policy.said}" for policy in self.policies)


def plan(seed: int, until_s: float) -> tuple[Policy, list[Event]]:
    """The same seed, the same events; a longer run only goes on."""
    chance = random.Random(f"{seed}/events")
    policy = first = first_policy(chance)
    events, at_s = [], FIRST_S
    while True:
        at_s += chance.uniform(*PAUSE_S)
        if at_s > until_s:
            return first, events
        kinds = [kind for kind in WEIGHTS if kind not in DEADLY or at_s % SEASON_S < KILLS_S]
        event = Event(len(events) + 1, at_s, chance.choices(kinds, [WEIGHTS[kind] for kind in kinds])[0])
        if event.kind.startswith("flap"):
            event.seconds = chance.uniform(0.1, 2.5)
        elif event.kind in ("stall-control", "disk-full"):
            event.seconds = chance.uniform(1, 6)
        elif event.kind in DEADLY:
            event.seconds = chance.uniform(0.3, 1.5)
        for _ in range({"reload": 1, "reloads": 5, "kill-control-in-apply": 1, "kill-dataplane-after-apply": 1}.get(event.kind, 0)):
            policy = edited(chance, policy)
            event.policies.append(policy)
        events.append(event)


class Doer:
    """Does events. trouble: what went wrong meanwhile, in words."""

    def __init__(self, timeline: Timeline, trouble: list[str]) -> None:
        self.timeline, self.trouble = timeline, trouble
        self.took: dict[str, list[float]] = {}
        self.enforced = 0
        self.held = Span("nothing", 0.0, 0.0)  # when control last did not write, and records waited in the rings

    @contextmanager
    def hold(self):
        began = time.time()
        yield
        self.held = Span("control", began, time.time())

    def do(self, event: Event) -> None:
        began = time.monotonic()
        getattr(self, event.kind.replace("-", "_"))(event)
        self.took.setdefault(event.kind, []).append(time.monotonic() - began)

    def reload(self, event: Event) -> None:
        for policy in event.policies:
            self.timeline.offer(policy)
            gateway.save(policy.text())
            if wrong := gateway.apply(f"policy {policy.number}"):
                self.trouble.append(f"event {event.number}: policy {policy.number} does not come into force: {wrong}")
                continue
            self.timeline.settle(policy)
            self.enforced += 1

    reloads = reload

    def kill_control(self, event: Event, how: int = signal.SIGKILL) -> None:
        with self.hold():
            gateway.end("control", how, 30)
            time.sleep(event.seconds)
            gateway.start_control()

    def restart_control(self, event: Event) -> None:
        self.kill_control(event, signal.SIGTERM)

    def kill_control_in_apply(self, event: Event) -> None:
        """Whether the policy is in force afterwards nobody knows: the next one that is applied makes an end of that."""
        policy = event.policies[0]
        self.timeline.offer(policy)
        gateway.save(policy.text())
        applying = subprocess.Popen(gateway.apply_command(f"policy {policy.number}"), stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        time.sleep(event.seconds / 30)  # it takes some 10 to 50 ms
        self.kill_control(event)
        applying.wait(gateway.APPLY_S)

    def kill_dataplane(self, event: Event, how: int = signal.SIGKILL) -> None:
        with self.timeline.outage(event.kind, SETTLE_S):
            self.without_dataplane(event, how)
        # What it had recorded is control's alone now: were that killed before it has written it, it would be lost.
        time.sleep(SYNCED_S)

    def without_dataplane(self, event: Event, how: int) -> None:
        gateway.end("dataplane", how, 15)
        down, passed = Span(event.kind, time.time()), gateway.packets_at_line()
        time.sleep(event.seconds)
        more = gateway.packets_at_line() - passed
        down.ended = time.time()
        self.timeline.down.append(down)
        if more:
            self.trouble.append(f"event {event.number}: {more} packets reached the line while the data plane was down")
        self.timeline.recall(KEPT_S)
        gateway.start_dataplane()
        self.found_again()

    def found_again(self) -> None:
        until = time.monotonic() + TRIES_S
        while not gateway.metrics().get('sluice_up{process="dataplane"}', 0):
            if time.monotonic() > until:
                raise Broken(f"control does not find the data plane within {TRIES_S:.0f} s")
            time.sleep(0.1)

    def restart_dataplane(self, event: Event) -> None:
        self.kill_dataplane(event, signal.SIGTERM)

    def kill_dataplane_after_apply(self, event: Event) -> None:
        """The image may not be on its disk yet."""
        self.reload(event)
        self.kill_dataplane(event)

    def kill_both(self, event: Event) -> None:
        """As in a power cut: whatever control had not read and written is lost, and the log says so."""
        began = time.time() - SYNCED_S
        if self.held.ended > began:
            began = self.held.began - SYNCED_S
        gateway.end("control")
        with self.timeline.outage(event.kind, SETTLE_S):
            gateway.end("dataplane")
            self.timeline.losses.append(Span(event.kind, began, time.time()))
            down, passed = Span(event.kind, time.time()), gateway.packets_at_line()
            time.sleep(event.seconds)
            if more := gateway.packets_at_line() - passed:
                self.trouble.append(f"event {event.number}: {more} packets reached the line while both were down")
            down.ended = time.time()
            self.timeline.down.append(down)
            self.timeline.recall(KEPT_S)
            gateway.start_dataplane()
            gateway.start_control()

    def flap(self, event: Event, namespace: str, interface: str) -> None:
        link = ["nsenter", f"--net=/run/netns/{LAB}-{namespace}", "ip", "link", "set", interface]
        with self.timeline.outage(event.kind, SETTLE_S):
            subprocess.run([*link, "down"], check=True)
            time.sleep(event.seconds)
            subprocess.run([*link, "up"], check=True)

    def flap_line(self, event: Event) -> None:
        self.flap(event, "line", "eth0")

    def flap_lan(self, event: Event) -> None:
        self.flap(event, "lan", "to-gw")

    def stall_control(self, event: Event) -> None:
        """It reads no records for a while; the rings keep them."""
        with self.hold():
            gateway.send("control", signal.SIGSTOP)
            time.sleep(event.seconds)
            gateway.send("control", signal.SIGCONT)

    def disk_full(self, event: Event) -> None:
        """Of the log's disk, which is its own, all is taken but what it has; then it is given back."""
        filler = DIR / "log/filler"
        with self.hold():
            with open(filler, "wb") as file:
                try:
                    while os.write(file.fileno(), bytes(1 << 16)):
                        pass
                except OSError:
                    pass  # it is full
            time.sleep(event.seconds)
            filler.unlink()
