# tests: documents that are a little wrong, made from right ones by a seeded generator.
import random
import re
from collections.abc import Iterator
from typing import Any

from documents import Schema, places, replaced, value_at

SHAPES: tuple[Any, ...] = (None, [], {}, "", "word", 7, -1, 0, 1.5, True, False, ["word"], [["word"]], [None], [{}], {"word": "word"},
                           {"word": {}}, "x" * 300, "two words", "a,b", "ünï.example", "-", "*", "=")
NUMBERS = (0, 1, 24, 28, 31, 32, 33, 59, 60, 64, 99, 128, 129, 255, 256, 366, 1000, 4094, 4095, 65535, 65536, 99999, 1000001, 2**64)
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
        self.words = sorted({word for found in self.places for place, _ in found for word in schema.words_at(place) or ()
                             if not looks_like_another_type(word)})

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
        words = sorted(self.schema.words_at(place) or ())
        if words and isinstance(value, (str, bool)) and self.random.random() < 0.4:
            return replaced(document, place, self.random.choice([as_value(word) for word in words]))
        if isinstance(value, int) and self.random.random() < 0.5:
            return replaced(document, place, self.random.choice(NUMBERS))
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
        runs = list(re.finditer(r"\d+", text))
        if runs and self.random.random() < 0.4:
            run = self.random.choice(runs)
            number = str(self.random.choice(NUMBERS))
            changed = text[:run.start()] + self.random.choice((number, number.zfill(len(run[0])))) + text[run.end():]
            return text + "x" if looks_like_another_type(changed) else changed
        changed = self.random.choice((text[:at] + letter + text[at:], text[:at] + letter + text[at + 1:], text[:at] + text[at + 1:],
                                      text * 2, text[:at], text.upper(), text * 70))
        return text + "x" if looks_like_another_type(changed) else changed


def as_value(word: str) -> Any:
    return {"true": True, "false": False}.get(word, word)


def every_small_change(schema: Schema, document: dict) -> Iterator[Any]:
    """Each key taken away, and each word in every place that has a list of words."""
    for place, value in places(document):
        if isinstance(value, dict):
            for key in value:
                yield replaced(document, place, {each: kept for each, kept in value.items() if each != key})
        else:
            for word in sorted(schema.words_at(place) or ()):
                yield replaced(document, place, as_value(word))


def mutations(schema: Schema, documents: list[dict], seed: int, count: int) -> Iterator[Any]:
    """count of them at random, and every small change of the first document."""
    yield from every_small_change(schema, documents[0])
    mutator = Mutator(schema, documents, seed)
    for _ in range(count):
        yield mutator.make()
