#!/usr/bin/env python3
# tests: the table of all keys, policies/KEYS.md, is made from the JSON Schema. `table.py --write` makes it anew.
import sys
from collections.abc import Iterator

from documents import ROOT, Schema

TABLE = ROOT / "policies/KEYS.md"
HEAD = """# Every key of a policy

Made from `sluice.schema.json` by `tests/schema/table.py --write`; a test holds both against the loader. `NAME` is a
name that you choose; `[]` are the members of a list; a key in bold must be there.
"""


def kind_of(schema: Schema, part: dict) -> str:
    """The values that a key may have, in few words."""
    for each in schema.parts(part):
        if "enum" in each:
            return ", ".join(f"`{word}`" for word in each["enum"])
        if each.get("type") == "boolean":
            return "`true`" if each.get("const") else "`true`, `false`"
        if each.get("type") == "integer":
            return f"a number, {each['minimum']} to {each['maximum']}"
        if each.get("type") == "array":
            words = next((one["enum"] for one in schema.parts(each["items"]) if "enum" in one), None)
            return "list of " + ", ".join(f"`{word}`" for word in words) if words else "list"
        if "properties" in each or "additionalProperties" in each:
            return "mapping"
    return next((each["patternErrorMessage"] for each in schema.parts(part) if "patternErrorMessage" in each), "a text")


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def described(schema: Schema, part: dict) -> str:
    """The description of the key itself, or of what it refers to; and what holds where it is left out."""
    said = next((each["description"] for each in (part, *schema.parts(part)) if "description" in each), "")
    default = next((each["default"] for each in (part, *schema.parts(part)) if "default" in each), None)
    if default is None:
        return said
    return f"{said} Left out: {str(default).lower() if isinstance(default, bool) else default}."


def rows(schema: Schema, part: dict, prefix: str, seen: dict[int, str]) -> Iterator[str]:
    """One for each key below part; what was shown at another place is only named. seen: those places, by their part."""
    for each in schema.parts(part):
        if "properties" not in each:
            continue
        if id(each) in seen:
            yield f"| `{prefix.removesuffix('.')}` | mapping | the keys of `{seen[id(each)]}` |"
            continue
        seen[id(each)] = prefix.removesuffix(".")
        for key, value in each["properties"].items():
            place = f"{prefix}{key}"
            name = f"**`{place}`**" if key in each.get("required", ()) else f"`{place}`"
            yield f"| {name} | {cell(kind_of(schema, value))} | {cell(described(schema, value))} |"
            for inner in schema.parts(value):
                if "items" in inner:
                    yield from rows(schema, inner["items"], f"{place}[].", seen)
                if isinstance(inner.get("additionalProperties"), dict):
                    yield from rows(schema, inner["additionalProperties"], f"{place}.NAME.", seen)
            yield from rows(schema, value, f"{place}.", seen)


def made() -> str:
    schema = Schema()
    return "\n".join([HEAD, "| key | values | meaning |", "|---|---|---|", *rows(schema, schema.whole, "", {})]) + "\n"


def problems() -> list[str]:
    right = TABLE.exists() and TABLE.read_text() == made()
    return [] if right else ["policies/KEYS.md is not what the schema says: run tests/schema/table.py --write"]


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        TABLE.write_text(made())
    for problem in problems():
        sys.exit(problem)
