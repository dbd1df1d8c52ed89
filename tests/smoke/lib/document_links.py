#!/usr/bin/env python3
# smoke: links of documents lead somewhere, files that they name are there, and README.zh-CN.md is README.md in Chinese.
import re
import sys
from functools import cache

from document_finder import ROOT, commands_of, documents, is_data, split_blocks

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# Between backticks, below one of the checkout's folders; a group in braces, a star or an ellipsis stands for several.
PATH = re.compile(r"(?:bench|control|dataplane|deploy|docs|policies|tests)/[\w.+/*-]*\w")
# They are named, and made by a run or by whoever works there.
MADE = {"bench/results.json", "bench/plots"}


def prose_of(file: str) -> list[tuple[int, str]]:
    return split_blocks(file, (ROOT / file).read_text())[1]


def headings(file: str) -> list[str]:
    return [text for _, text in prose_of(file) if re.match(r"#{1,6} ", text)]


@cache
def anchors(file: str) -> set[str]:
    """As GitHub makes them of headings."""
    return {re.sub(r"[^\w -]", "", heading.lstrip("#").strip().lower()).replace(" ", "-") for heading in headings(file)}


def link_problems(file: str) -> list[str]:
    problems = []
    for number, text in prose_of(file):
        for target in LINK.findall(re.sub(r"`[^`]*`", "", text)):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            to = ((ROOT / file).parent / path).resolve() if path else ROOT / file
            if not to.exists() or not to.is_relative_to(ROOT):
                problems.append(f"{file}:{number}: no {target}")
            elif anchor and (to.suffix != ".md" or anchor not in anchors(str(to.relative_to(ROOT)))):
                problems.append(f"{file}:{number}: {path or file} has no heading #{anchor}")
    return problems


def path_problems(file: str) -> list[str]:
    problems = []
    for number, text in prose_of(file):
        for span in re.findall(r"`([^`]+)`", text):
            if PATH.fullmatch(span) and span not in MADE and not is_there(span):
                problems.append(f"{file}:{number}: there is no {span}")
    return problems


def is_there(path: str) -> bool:
    """path: a file or a folder; a source by its name without an ending; a program that is built there."""
    if any(ROOT.glob(path)):
        return True
    above, _, name = path.rpartition("/")
    return any((ROOT / above).glob(name + ".*")) or (ROOT / "build" / path).exists()


def without_comments(file: str) -> list[list[str]]:
    """What stands in each block: its commands, or, where it has none, all of it."""
    blocks, _ = split_blocks(file, (ROOT / file).read_text())
    return [block.lines if is_data(block) else [command.text for command in commands_of(block, 1)] for block in blocks]


def translation_problems(of: str, file: str) -> list[str]:
    problems = []
    levels, others = ([heading.split()[0] for heading in headings(each)] for each in (of, file))
    if levels != others:
        problems.append(f"{of} has headings {' '.join(levels)}, {file} {' '.join(others)}")
    blocks, others = without_comments(of), without_comments(file)
    if len(blocks) != len(others):
        problems.append(f"{of} has {len(blocks)} code blocks, {file} {len(others)}")
    problems += [f"{file}: block {at} differs from {of}'s" for at, (one, other) in enumerate(zip(blocks, others), 1) if one != other]
    rows, others = ([text.count("|") for _, text in prose_of(each) if text.startswith("|")] for each in (of, file))
    if rows != others:
        problems.append(f"{of} and {file} have other tables")
    targets, others = ({target for _, text in prose_of(each) for target in LINK.findall(text)} - {of, file} for each in (of, file))
    if targets != others:
        problems.append(f"{of} and {file} lead to other places")
    return problems


def main() -> int:
    files = documents()
    checks = {"every link leads to a file, and to a heading of it": [each for file in files for each in link_problems(file)],
              "every file that is named is there": [each for file in files for each in path_problems(file)],
              "README.zh-CN.md has README.md's headings, blocks, tables and links": translation_problems("README.md", "README.zh-CN.md")}
    for name, problems in checks.items():
        print("not ok" if problems else "ok", "-", name)
        for problem in problems:
            print("    " + problem)
    return 1 if any(checks.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
