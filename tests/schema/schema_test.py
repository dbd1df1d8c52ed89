#!/usr/bin/env python3
# tests: holds the JSON Schema of policies/ and the policy loader against each other.
#
#   schema_test.py PROGRAM [NUMBER OF MUTATIONS]       PROGRAM: what loader.cpp became
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import yaml
from jsonschema import Draft7Validator

import table
from documents import ROOT, Schema, as_text, judge, places, policy_in, read_yaml, replaced, value_at
from mutations import mutations

SEED = 20261123
MUTATIONS = 4000
STRANGE = "~~~~~~~~"  # near no word at all, so that the loader lists the right ones

# What reading the keys finds wrong and no schema can say; each as the loader words it.
BEYOND_A_SCHEMA = {
    "a day that the calendar does not have, a range that ends before it begins":
        r"^`\w+` cannot be '\d{4}-\d\d-\d\d(T\d\d:\d\d)?'$|^'\d{4}-\d\d-\d\d(\.\.\d{4}-\d\d-\d\d)?' is no day, and no range of days$"
        r"|^the line ends before it begins$|^'\w*/?\d+-\d+' is not a port$",
    "a number beyond its limits": r"^`(midstream-grace|refresh|max-change|keep|fold|lease-max-age|max-age|repeat|within|no-records)` cannot be '\d+[smhd%]'$",
    "bits of a prefix beyond its length": r"has host bits set$",
    "IPv4 that is written as IPv6": r"is IPv4 written as IPv6$",
    "a text beyond ASCII: its limit is in bytes": r"^`[\w-]+` is longer than \d+ bytes$",
    "a message as HTML has it": r"^`message` takes \d+ bytes of the page, and \d+ are free$",
    "a name beyond ASCII: its A-labels": r"^the name '[^']*[^\x00-\x7f]",
}

schema = Schema()
validator = Draft7Validator(schema.whole)


def samples() -> list:
    """The directories under policies/ that hold a policy."""
    folders = {path.parent for path in (ROOT / "policies").rglob("*.yaml")}
    return sorted(folder for folder in folders if "site" in policy_in(folder))


def yaml_files() -> Iterator[tuple[str, str]]:
    """Everything that is, or is part of, a policy that some test compiles."""
    for folder in ("policies", "tests/cases/policies", "tests/evasion/policies", "tests/schema"):
        for path in sorted((ROOT / folder).rglob("*.yaml")):
            yield str(path.relative_to(ROOT)), path.read_text()
    yield "tests/live/policy.yaml", (ROOT / "tests/live/policy.yaml").read_text()
    for path in sorted((ROOT / "tests/cases").glob("*/*.yaml")):
        if path.parent.name == "policies":
            continue
        case = yaml.load(path.read_text(), yaml.BaseLoader)
        for step in [case, *(step for step in case["steps"] if isinstance(step, dict))]:
            for text in (step.get("policy", ""), step.get("with", "")):
                if isinstance(text, str) and ":" in text:
                    yield str(path.relative_to(ROOT)), text


def shown(document: Any, at: tuple = ()) -> str:
    return ".".join(map(str, at)) + " " + as_text(document)[:300]


def valid_by_the_schema() -> list[str]:
    problems = []
    for name, text in yaml_files():
        for error in validator.iter_errors(read_yaml(text)):
            problems.append(f"{name}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    return problems


def clean_by_the_loader(program: str) -> list[str]:
    """What it says of the samples, warnings too, and of the policies that tests name."""
    done = subprocess.run([program, *map(str, samples())], stdout=subprocess.PIPE, text=True)
    texts = {path.name: path.read_text() for path in (ROOT / "tests/cases/policies").glob("*.yaml")}
    texts["specimen.yaml"] = (ROOT / "tests/schema/specimen.yaml").read_text()
    return done.stdout.splitlines() + [f"{name}: {error['what']}" for name, verdict in zip(texts, judge(program, list(texts.values())))
                                       for error in verdict["compile"]]


def shared_by_links() -> list[str]:
    """A copy of a pack in a sample would be forgotten when the pack changes."""
    shared = {path.read_text(): path for path in (ROOT / "policies").glob("*.yaml")}
    shared |= {path.read_text(): path for path in (ROOT / "policies/packs").glob("*.yaml")}
    return [f"{path.relative_to(ROOT)} is a copy of {shared[path.read_text()].name}; make it a link" for folder in samples()
            for path in sorted(folder.glob("*.yaml")) if folder.name != "policies" and not path.is_symlink() and path.read_text() in shared]


def specimen() -> dict:
    return read_yaml((ROOT / "tests/schema/specimen.yaml").read_text())


def specimens() -> list[dict]:
    """The specimen, and it with what cannot stand beside what it has."""
    others = sorted((ROOT / "tests/schema").glob("specimen-*.yaml"))
    return [specimen(), *({**specimen(), **read_yaml(path.read_text())} for path in others)]


def specimens_have_every_key() -> list[str]:
    used = {(frozenset(schema.keys_at(at)), key) for document in specimens() for at, value in places(document)
            if isinstance(value, dict) and schema.keys_at(at) for key in value}
    objects = [schema.whole, *(each for each in walk(schema.whole["definitions"]) if each.get("additionalProperties") is False)]
    return [f"the specimen has no `{key}` of {sorted(each['properties'])[:3]}..." for each in objects for key in each["properties"]
            if (frozenset(each["properties"]), key) not in used]


def walk(part: Any) -> Iterator[dict]:
    for _, value in places(part):
        if isinstance(value, dict):
            yield value


def words_of(message: str) -> set[str]:
    """`a, b or c` of `write a, b or c` and `it may have a, b or c`."""
    listed = re.sub(r"^(write|it may have) ", "", message)
    return {word.strip("`' ") for word in re.split(r", | or ", listed)}


def same_keys(program: str) -> list[str]:
    """An unknown key in every mapping of the specimen: the loader answers with the keys that it knows."""
    whole, problems = specimen(), []
    mappings = [(at, schema.keys_at(at)) for at, value in places(whole) if isinstance(value, dict) and schema.keys_at(at)]
    texts = [as_text(replaced(whole, at, {**value_at(whole, at), STRANGE: "x"})) for at, _ in mappings]
    for (at, keys), verdict in zip(mappings, judge(program, texts)):
        said = [words_of(error["instead"]) for error in verdict["load"] if STRANGE in error["what"]]
        if said != [keys]:
            problems.append(f"{'.'.join(map(str, at))}: the schema has {sorted(keys)}, the loader {[sorted(each) for each in said]}")
    return problems if len(mappings) > 20 else ["too few mappings to say"]


def same_words(program: str) -> list[str]:
    """A strange word for every value of the specimen that has a list of words: the loader answers with its own."""
    whole, problems = specimen(), []
    values = [(at, schema.words_at(at)) for at, value in places(whole) if schema.words_at(at) and not isinstance(value, (dict, list))]
    for (at, words), verdict in zip(values, judge(program, [as_text(replaced(whole, at, STRANGE)) for at, _ in values])):
        said = [words_of(error["instead"]) for error in verdict["load"] if STRANGE in error["what"]]
        if said != [words]:
            problems.append(f"{'.'.join(map(str, at))}: the schema has {sorted(words)}, the loader {[sorted(each) for each in said]}")
    return problems if len(values) > 20 else ["too few values to say"]


def beyond_a_schema(what: str) -> bool:
    return any(re.search(pattern, what) for pattern in BEYOND_A_SCHEMA.values())


def same_countries(program: str) -> list[str]:
    """Every two letters: what the schema and the loader take is what the system's table of ISO 3166 has."""
    lines = Path("/usr/share/zoneinfo/iso3166.tab").read_text().splitlines()
    right = {line.split("\t")[0] for line in lines if not line.startswith("#")}
    codes = [first + second for first in ascii_uppercase for second in ascii_uppercase] + ["cn", "C", "CNX"]
    verdicts = judge(program, [as_text({"log": {"country": code}}) for code in codes])
    by_loader = {code for code, verdict in zip(codes, verdicts) if not verdict["load"]}
    by_schema = {code for code in codes if validator.is_valid({"log": {"country": code}})}
    return [f"{who} differs in {sorted(taken ^ right)}" for who, taken in (("the loader", by_loader), ("the schema", by_schema))
            if taken != right]


def same_verdicts(program: str, count: int) -> list[str]:
    cases = (ROOT / "tests/cases/policies").glob("*.yaml")
    documents = [specimen(), *specimens(), policy_in(ROOT / "policies"), *(read_yaml(path.read_text()) for path in sorted(cases))]
    texts = list(dict.fromkeys(as_text(each) for each in mutations(schema, documents, SEED, count)))
    problems, refused = [], 0
    for text, verdict in zip(texts, judge(program, texts)):
        errors = list(validator.iter_errors(json.loads(text)))
        refused += bool(errors)
        shapes = [error["what"] for error in verdict["load"] if not beyond_a_schema(error["what"])]
        if errors and not verdict["compile"]:
            problems.append(f"only the schema refuses {'.'.join(map(str, errors[0].absolute_path))}: {errors[0].message[:200]}")
        if shapes and not errors:
            problems.append(f"only the loader refuses: {shapes[0]}")
    print(f"    {len(texts)} documents, {refused} refused by the schema, {len(problems)} differences")
    return problems if refused > len(texts) / 3 else [*problems, "too few were refused to say"]


def main() -> int:
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else MUTATIONS
    failed = False
    for name, problems in (("every policy of samples and tests is valid by the schema", valid_by_the_schema()),
                           ("every sample compiles without a warning", clean_by_the_loader(program)),
                           ("samples share lists and packs by links", shared_by_links()),
                           ("the specimen has every key", specimens_have_every_key()),
                           ("schema and loader have the same keys", same_keys(program)),
                           ("schema and loader have the same words", same_words(program)),
                           ("schema and loader know the same countries", same_countries(program)),
                           ("schema and loader refuse the same mutations", same_verdicts(program, count)),
                           ("the table of keys is the schema's", table.problems())):
        failed |= bool(problems)
        print("not ok" if problems else "ok", "-", name)
        for problem in problems[:20]:
            print("    " + problem)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
