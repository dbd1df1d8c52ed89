# tests: documents that are a little wrong, made from right ones by a seeded generator.
import random
from collections.abc import Iterator
from typing import Any

from documents import Schema, places, replaced, value_at

SHAPES: tuple[Any, ...] = (None, [], {}, "", "word", 7, -1, 0, 1.5, True, False, ["word"], [["word"]], [None], [{}], {"word": "word"},
                           {"word": {}}, "x" * 300, "two words", "a,b", "ünï.example", "-", "*", "=")
LETTERS = "aZ09-_./:=*%, é\t\x01"


def looks_like_another_type(text: str) -> bool:
    """Such a text would have to be quoted, and the loader does not see quotes."""
    if text.lower() in ("true", "false", "null", "~", ""):
        return text != ""
    try:
        float(text)
    except ValueError:
        return False
    return True


class Mutator:
    def __init__(self, schema: Schema, documents: list[dict], seed: int) -> None:
        self.schema, self.documents, self.random = schema, documents, random.Random(seed)
        self.places = [list(places(document))[1:] for document in documents]
        self.values = [value for found in self.places for _, value in found]
        self.keys = sorted({key for value in self.values if isinstance(value, dict) for key in value})
        self.words = sorted({word for found in self.places for place, _ in found for word in schema.words_at(place) or ()})

    def make(self) -> Any:
        """One document with one, seldom two, things changed."""
        index = self.random.randrange(len(self.documents))
        document = self.change(self.documents[index], self.places[index])
        if self.random.random() < 0.1:
            document = self.change(document, list(places(document))[1:])
        return document

    def change(self, document: Any, found: list) -> Any:
        if not found:
            return document
        place, value = self.random.choice(found)
        if isinstance(value, dict) and self.random.random() < 0.7:
            return replaced(document, place, self.change_map(value))
        if isinstance(value, str) and self.random.random() < 0.6:
            return replaced(document, place, self.change_text(value))
        parent = value_at(document, place[:-1])
        if isinstance(parent, dict) and self.random.random() < 0.2:
            return replaced(document, place[:-1], {key: each for key, each in parent.items() if key != place[-1]})
        other = self.random.choice((SHAPES, self.values, self.words))
        return replaced(document, place, self.random.choice(other))

    def change_map(self, value: dict) -> dict:
        out = dict(value)
        key = self.random.choice(list(out)) if out else "word"
        what = self.random.randrange(3)
        if what == 0:
            out.pop(key, None)
        elif what == 1:
            out[self.random.choice((self.random.choice(self.keys), "word", "", key + "s", key[1:], key.upper()))] = \
                self.random.choice(self.values)
        else:
            changed = self.change_text(key)
            out = {changed if each == key else each: kept for each, kept in out.items()}
        return out

    def change_text(self, text: str) -> str:
        at = self.random.randrange(len(text) + 1)
        letter = self.random.choice(LETTERS)
        changed = self.random.choice((text[:at] + letter + text[at:], text[:at] + letter + text[at + 1:], text[:at] + text[at + 1:],
                                      text * 2, text[:at], text.upper(), text * 70))
        return text + "x" if looks_like_another_type(changed) else changed


def mutations(schema: Schema, documents: list[dict], seed: int, count: int) -> Iterator[Any]:
    mutator = Mutator(schema, documents, seed)
    for _ in range(count):
        yield mutator.make()
