# tests: policy documents as an editor reads them, the loader that judges them, and places in them.
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "policies/sluice.schema.json"
Path_ = tuple  # of keys and indices, from a document's root


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, which editors follow: a date is a text, and so are on and off."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in (("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"), ("null", r"~|null|Null|NULL|", "~nN\0"),
                            ("int", r"[-+]?[0-9]+", "-+0123456789"),
                            ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789")):
    Core.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(f"^(?:{pattern})$"), [c if c != "\0" else "" for c in first])


def read_yaml(text: str) -> Any:
    return yaml.load(text, Core)


def policy_in(directory: Path) -> dict:
    """The files of a policy put together."""
    whole: dict = {}
    for path in sorted(directory.glob("*.yaml")):
        for key, value in (read_yaml(path.read_text()) or {}).items():
            if isinstance(value, dict):
                whole.setdefault(key, {}).update(value)
            elif isinstance(value, list):
                whole.setdefault(key, []).extend(value)
            else:
                whole[key] = value
    return whole


def judge(loader: str, texts: list[str]) -> list[dict]:
    """What the loader has against each: {"load": [{"what", "instead"}], "compile": [...]}."""
    data = b"".join(b"%d\n%s" % (len(text), text) for text in (text.encode() for text in texts))
    done = subprocess.run([loader], input=data, stdout=subprocess.PIPE, check=True)
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(verdicts) == len(texts), "a verdict for each document"
    return verdicts


def as_text(document: Any) -> str:
    """JSON is YAML. The loader reads texts, so that it does not tell 1 from "1"; no document here says "1"."""
    return json.dumps(document, ensure_ascii=False)


def places(document: Any, at: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every value, with its place."""
    yield at, document
    if isinstance(document, dict):
        for key, value in document.items():
            yield from places(value, at + (key,))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from places(value, at + (index,))


def replaced(document: Any, at: Path_, value: Any) -> Any:
    """A copy with another value at one place."""
    if not at:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[at[0]] = replaced(document[at[0]], at[1:], value)
    return copy


def value_at(document: Any, at: Path_) -> Any:
    for step in at:
        document = document[step]
    return document


class Schema:
    """The schema, and which parts of it speak of a place."""

    def __init__(self) -> None:
        self.whole = json.loads(SCHEMA.read_text())

    def parts(self, part: dict) -> Iterator[dict]:
        """A part and everything that it stands for; what only holds under a condition is left out."""
        if "$ref" in part:
            part = self.whole["definitions"][part["$ref"].removeprefix("#/definitions/")]
        yield part
        for word in ("allOf", "anyOf"):
            for other in part.get(word, ()):
                yield from self.parts(other)

    def at(self, place: Path_) -> list[dict]:
        found = [self.whole]
        for step in place:
            below = []
            for part in (each for start in found for each in self.parts(start)):
                if isinstance(step, int):
                    below += [part["items"]] if "items" in part else []
                elif step in part.get("properties", {}):
                    below.append(part["properties"][step])
                elif isinstance(part.get("additionalProperties"), dict):
                    below.append(part["additionalProperties"])
            found = below
        return [each for start in found for each in self.parts(start)]

    def keys_at(self, place: Path_) -> set[str] | None:
        """The keys that a mapping may have; None where they are names."""
        for part in self.at(place):
            if "properties" in part and part.get("additionalProperties") is False:
                return set(part["properties"])
        return None

    def words_at(self, place: Path_) -> set[str] | None:
        """The words that a value may be; None where there is no list of them."""
        for part in self.at(place):
            if "enum" in part:
                return set(part["enum"])
            if part.get("type") == "boolean":
                return {"true", "false"}
        return None
