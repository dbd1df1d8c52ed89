# soak: a policy, its meaning said as plainly as can be, how it is written, and how somebody edits it.
import copy
import random
from dataclasses import dataclass, field

DOMAINS = [f"d{number:02}.example" for number in range(12)]
ADDRESS = {domain: f"198.51.100.{11 + number}" for number, domain in enumerate(DOMAINS)}  # lab.sh: LAB_SITES from .10 on
IPERF = "198.51.100.50"
NETWORK_OF = {"staff": "staff", "finance": "finance", "guest": "guests", "stranger": None}  # of a namespace's PC
PC = {"staff": "10.20.1.7", "finance": "10.20.8.21", "guest": "10.99.0.9", "stranger": "172.16.5.5"}
PROTOCOLS = [["tls", "quic"], ["dns"], ["http"], ["http", "tls", "quic"]]
MOST_RULES = 10


@dataclass
class Rule:
    name: str
    to: list[str]
    action: str
    sources: list[str] = field(default_factory=list)  # networks, or a PC's address; empty: anybody
    protocols: list[str] = field(default_factory=list)  # empty: any

    def text(self, more: str = "") -> str:
        words = [f"name: {self.name}", f"to: [{', '.join(quoted(word) for word in self.to)}]", f"action: {self.action}"]
        words += [f"from: [{', '.join(self.sources)}]"] if self.sources else []
        words += [f"protocols: [{', '.join(self.protocols)}]"] if self.protocols else []
        return "  - {" + ", ".join(words) + more + "}\n"


@dataclass
class Verdict:
    action: str  # allowed, blocked, observed: as in the log
    rule: str  # or the reason, where no rule decided

    @property
    def passes(self) -> bool:
        return self.action != "blocked"


@dataclass
class Policy:
    number: int = 0
    observe: bool = False
    defaults: dict[str, str] = field(default_factory=lambda: {"staff": "allow", "finance": "block"})
    lists: dict[str, list[str]] = field(default_factory=dict)
    exceptions: list[Rule] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    made: int = 0  # rules that there ever were: no name comes twice
    said: str = "the first one"

    def verdict(self, namespace: str, name: str, address: str, protocol: str) -> Verdict:
        """Who is it; the exceptions, then the rules, from the top; the network's default."""
        network = NETWORK_OF[namespace]
        if network is None:
            return self.refused("unregistered-source")
        if network == "guests":
            return self.refused("wrong-line")
        marks = None
        for rule in [*self.exceptions, *self.rules]:
            if not self.holds(rule, network, PC[namespace], name, address, protocol):
                continue
            if rule.action == "block":
                return self.refused(rule.name)
            if rule.action == "allow":
                return Verdict("observed", marks) if marks else Verdict("allowed", rule.name)
            marks = marks or rule.name
        default = self.defaults[network]
        if default == "allow":
            return Verdict("observed", marks) if marks else Verdict("allowed", "default")
        return Verdict("observed", "default") if default == "observe" else self.refused("default")

    def refused(self, why: str) -> Verdict:
        return Verdict("observed" if self.observe else "blocked", why)

    def holds(self, rule: Rule, network: str, pc: str, name: str, address: str, protocol: str) -> bool:
        words = [entry for word in rule.to for entry in self.lists.get(word, [word])]
        return ((not rule.sources or network in rule.sources or pc in rule.sources)
                and (not rule.protocols or protocol in rule.protocols)
                and any(word == address or covers(word, name) for word in words))

    def text(self) -> str:
        """As YAML; the number alone makes each another policy."""
        networks = "".join(f"  {name}: {{prefixes: [{prefix}], line: iplc-sg, default: {self.defaults[name]}}}\n"
                           for name, prefix in (("staff", "10.20.0.0/16"), ("finance", "10.20.8.0/21")))
        lists = "".join(f"  {name}: {{names: [{', '.join(quoted(word) for word in words)}]}}\n" for name, words in self.lists.items())
        papers = ", owner: li.wei, ticket: IT-4711, expires: 2027-12-31"
        return (f"# Policy {self.number} of the soak: {self.said}\nsite: soak-office\ncontact: policy {self.number}\n"
                f"mode: {'observe' if self.observe else 'enforce'}\nreload: on-apply\n"
                "lines:\n  iplc-sg: {operator: Example Telecom, licence: A1-20210001, contract: CT-IPLC-2026-118, filing: MIIT-2026-0099,"
                " purpose: internal-office, bandwidth: 200M, valid: {from: 2020-01-01, until: 2039-12-31}}\n"
                f"networks:\n{networks}  guests: {{prefixes: [10.99.0.0/16], line: none}}\nlists:\n{lists}"
                + ("exceptions:\n" + "".join(rule.text(papers) for rule in self.exceptions) if self.exceptions else "")
                + "rules:\n" + "".join(rule.text() for rule in self.rules))


def quoted(word: str) -> str:
    return f'"{word}"' if word[0] in "=*" else word


def covers(word: str, name: str) -> bool:
    """A name means itself and all below it; =name that name alone; *.name those below it."""
    if word.startswith("="):
        return name == word[1:]
    if word.startswith("*."):
        return name.endswith(word[1:])
    return name == word or name.endswith("." + word)


def some_words(chance: random.Random, lists: dict[str, list[str]]) -> list[str]:
    words = []
    for domain in chance.sample(DOMAINS, chance.randint(1, 3)):
        words.append(chance.choice([domain, domain, f"*.{domain}", f"={domain}"]))
    if lists and chance.random() < 0.4:
        words.append(chance.choice(sorted(lists)))
    return words


def some_rule(chance: random.Random, policy: Policy, action: str | None = None) -> Rule:
    policy.made += 1
    sources = chance.choice([[], [], ["staff"], ["finance"], ["staff", "finance"], [PC["staff"]]])
    protocols = chance.choice(PROTOCOLS) if chance.random() < 0.25 else []
    return Rule(f"r{policy.made}", some_words(chance, policy.lists), action or chance.choice(["block", "block", "allow", "allow", "observe"]),
                list(sources), list(protocols))


def first_policy(chance: random.Random) -> Policy:
    policy = Policy()
    for number in range(3):
        policy.lists[f"list{number}"] = some_words(chance, {})
    policy.rules = [Rule("iperf", [IPERF], "allow", ["staff"]), *(some_rule(chance, policy) for _ in range(6))]
    return policy


def edited(chance: random.Random, before: Policy) -> Policy:
    """The next policy: one change, such as an admin makes."""
    policy = copy.deepcopy(before)
    policy.number += 1
    own = [rule for rule in policy.rules if rule.name != "iperf"]
    rule = chance.choice(own) if own else None
    kind = chance.choice(["flip", "flip", "words", "add", "drop", "move", "default", "list", "exception", "iperf", "observe"])
    iperf = next(rule for rule in policy.rules if rule.name == "iperf")
    if policy.observe or iperf.action == "block" and chance.random() < 0.5:
        kind = "observe" if policy.observe else "iperf"  # neither for long
    if kind in ("flip", "words", "drop", "move") and not rule or kind == "add" and len(own) >= MOST_RULES:
        kind = "default"
    if kind == "flip":
        rule.action = chance.choice([action for action in ("allow", "block", "observe") if action != rule.action])
        policy.said = f"{rule.name} is to {rule.action}"
    elif kind == "words":
        rule.to = some_words(chance, policy.lists)
        policy.said = f"{rule.name} is about {' '.join(rule.to)}"
    elif kind == "add":
        new = some_rule(chance, policy)
        policy.rules.insert(chance.randint(0, len(policy.rules)), new)
        policy.said = f"{new.name} comes: {new.action} {' '.join(new.to)}"
    elif kind == "drop":
        policy.rules.remove(rule)
        policy.said = f"{rule.name} goes"
    elif kind == "move":
        policy.rules.remove(rule)
        policy.rules.insert(chance.randint(0, len(policy.rules)), rule)
        policy.said = f"{rule.name} moves"
    elif kind == "default":
        network = chance.choice(sorted(policy.defaults))
        policy.defaults[network] = chance.choice([word for word in ("allow", "block", "observe") if word != policy.defaults[network]])
        policy.said = f"{network} has default {policy.defaults[network]}"
    elif kind == "list":
        name = chance.choice(sorted(policy.lists))
        policy.lists[name] = some_words(chance, {})
        policy.said = f"{name} has {' '.join(policy.lists[name])}"
    elif kind == "exception":
        policy.exceptions = [] if policy.exceptions else [some_rule(chance, policy, chance.choice(["allow", "block"]))]
        policy.said = f"exceptions: {' '.join(rule.name for rule in policy.exceptions) or 'none'}"
    elif kind == "iperf":
        iperf.action = "block" if iperf.action == "allow" else "allow"
        policy.said = f"iperf is to {iperf.action}"
    else:
        policy.observe = not policy.observe
        policy.said = f"mode {'observe' if policy.observe else 'enforce'}"
    return policy
