# smoke: finds the commands in documents: in code blocks, and between backticks in their text and tables.
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from document_tables import NAMES, TYPED

ROOT = Path(__file__).resolve().parents[3]
DIAGRAM = re.compile("[─│┌└├►▼▲]")
HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")
# What stands between backticks is a command where it begins with one of these and goes on.
PROGRAM = re.compile(r"(sudo )?(sluicectl|sluice-[a-z]+|(deploy|tests|bench|build)/[\w./-]+|bench-[a-z]+|policy-model|systemctl|journalctl|apt|apt-get|adduser"
                     r"|promtool|jq|zstdcat|tar|openssl|clickhouse-client|grafana-cli|curl|python3|install|cp|cat|meson|ninja) ")
# Where a word stands for what somebody fills in: [optional], one|other, NAME, <room>, an ellipsis that is no text in quotes.
FORM = re.compile(r'\[|\]|(?<=\S)\|(?=\S)|<[a-z]+>|\.\.\.|(?<!")…|(?<![\w"])[A-Z][A-Z-]*\b(?![=-])')


@dataclass
class Block:
    file: str
    line: int  # of its first line, from 1
    lines: list[str]  # without what they are indented by

    @property
    def first(self) -> str:
        return self.lines[0].strip()


@dataclass
class Command:
    file: str
    line: int
    text: str
    block: int  # number of its block within the file; 0: it stands in the text

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass
class Form:
    """How a command is called, not a call of it: `sluicectl check DIR`, `sluicectl status`."""
    file: str
    line: int
    text: str


def documents() -> list[str]:
    """Every document of the checkout: git's where there is git."""
    try:
        listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "*.md"], capture_output=True, text=True, check=True)
        return sorted(name for name in listed.stdout.split("\n") if (ROOT / name).is_file())
    except (OSError, subprocess.CalledProcessError):
        pass
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.md") if not path.relative_to(ROOT).parts[0].startswith("build"))


def split_blocks(file: str, text: str) -> tuple[list[Block], list[tuple[int, str]]]:
    """Code blocks, fenced or indented, and all other lines with their numbers."""
    blocks, prose = [], []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        begun = at
        if line.strip().startswith("```"):
            at += 1
            while at < len(lines) and not lines[at].strip().startswith("```"):
                at += 1
            blocks.append(Block(file, begun + 2, lines[begun + 1:at]))
            at += 1
        elif line.startswith("    ") and (at == 0 or not lines[at - 1].strip()):
            while at < len(lines) and (lines[at].startswith("    ") or not lines[at].strip()):
                at += 1
            inside = lines[begun:at]
            while not inside[-1].strip():
                inside.pop()
            indent = min(len(each) - len(each.lstrip()) for each in inside if each.strip())
            blocks.append(Block(file, begun + 1, [each[indent:] for each in inside]))
        else:
            prose.append((at + 1, line))
            at += 1
    return blocks, prose


def without_comment(line: str) -> tuple[str, bool]:
    """A line of shell without its comment, and whether a quote is still open at its end."""
    quote, at = "", 0
    while at < len(line):
        char = line[at]
        if char == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "#" and (at == 0 or line[at - 1].isspace()):
            return line[:at].rstrip(), False
        at += 1
    return line.rstrip(), bool(quote)


def commands_of(block: Block, number: int) -> list[Command]:
    found = []
    at = 0
    while at < len(block.lines):
        begun = at
        text, is_open = without_comment(block.lines[at])
        at += 1
        while (is_open or text.endswith("\\")) and at < len(block.lines):
            text, is_open = without_comment(text + "\n" + block.lines[at])
            at += 1
        if heredoc := HEREDOC.search(text):
            end = block.lines.index(heredoc[2], at)
            text += "\n" + "\n".join(block.lines[at:end + 1])
            at = end + 1
        if text.strip():
            found.append(Command(block.file, block.line + begun, text.strip(), number))
    return found


def is_data(block: Block) -> bool:
    """A drawing, YAML or JSON, XML, SQL: nothing that anybody runs in a shell."""
    text = "\n".join(block.lines)
    if DIAGRAM.search(text) or re.match(r"<\w|SELECT |CREATE ", text):
        return True
    try:
        return isinstance(yaml.safe_load(text), (dict, list))
    except yaml.YAMLError:
        return False


def spans_of(file: str, prose: list[tuple[int, str]]) -> tuple[list[Command], list[Form]]:
    """What stands between backticks. A call has words beyond the names of a command, and nothing to be filled in."""
    commands, forms = [], []
    for line, text in prose:
        for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", text):
            span = span.replace("\\|", "|").replace("`", "")
            if not PROGRAM.match(span):
                continue
            words = span.split()[1:]
            names_alone = all(re.fullmatch(r"[a-z][a-z-]*", word) for word in words)
            if FORM.search(span) or (names_alone and not (file.startswith("docs/") and span not in NAMES) and span not in TYPED):
                forms.append(Form(file, line, span))
            else:
                commands.append(Command(file, line, span, 0))
    return commands, forms
