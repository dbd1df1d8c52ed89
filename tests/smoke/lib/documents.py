#!/usr/bin/env python3
# smoke: runs the commands of every document, and holds against --help how documents say that commands are called.
#
#   documents.py WORK RESET [DOCUMENT...]      WORK: a folder for what they write; RESET: a script that makes all as it was
#
# Started by documents.sh, where the gateway runs and lies as it does when it is installed. DOCUMENTS_SHOW=1 shows what commands say.
import os
import re
import shlex
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from document_finder import ROOT, Command, Form, commands_of, documents, is_data, spans_of, split_blocks
from document_tables import BEFORE, ELSEWHERE, FOLDERS, MONTH, NO_COMMANDS, OVER

PATIENCE_S = 60  # for all commands of one document
SAID_LINES = 15  # of what a command printed that failed
# Its blocks are held against those of README.md, command by command, by document_links.py.
TRANSLATED = "README.zh-CN.md"
COMMANDS = re.compile(r"^(Subcommands|positional arguments):\n +({|[a-z-]+ )", re.M)  # where a help lists them
failed = 0


def report(name: str, problems: list[str], seconds: float | None = None) -> None:
    global failed
    failed += bool(problems)
    print(f"{'not ok' if problems else 'ok'} - {name}" + (f" # time={seconds:.2f}" if seconds is not None and not problems else ""))
    for problem in problems:
        print("    " + problem)


def is_runnable(word: str, top: Path) -> bool:
    return subprocess.run(["bash", "-c", 'type "$1" >/dev/null 2>&1', "bash", word], cwd=top).returncode == 0


def elsewhere(text: str) -> int | None:
    return next((at for at, entry in enumerate(ELSEWHERE) if fnmatchcase(text, entry.command)), None)


def find(top: Path) -> tuple[list[Command], list[Form], list[str]]:
    """All commands and forms of all documents; blocks that are neither commands nor known to be none."""
    commands, forms, unknown, silent = [], [], [], set()
    for file in documents():
        if file == TRANSLATED:
            continue
        blocks, prose = split_blocks(file, (ROOT / file).read_text())
        for number, block in enumerate(blocks, 1):
            if entry := next((entry for entry in NO_COMMANDS if entry[0] == file and block.first.startswith(entry[1])), None):
                silent.add(entry)
            elif not is_data(block) and (found := commands_of(block, number)):
                first = re.sub(r"^(sudo |[A-Z_]+=\S* )*", "", found[0].text).split()[0]
                if elsewhere(found[0].text) is None and not is_runnable(first, top):
                    unknown.append(f"{file}:{block.line}: {block.first}")
                commands += found
        in_text, called = spans_of(file, prose)
        commands += in_text
        forms += called
    unknown += [f"{file}: no block begins with {first!r} any more" for file, first in NO_COMMANDS - silent]
    return sorted(commands, key=lambda command: (command.file, command.line)), forms, unknown


def top_for(work: Path, file: str) -> Path:
    """A place that looks like the top of the checkout, where commands may write."""
    top = work / file.replace("/", "+")
    top.mkdir()
    for entry in ROOT.iterdir():
        if not entry.name.startswith(".") and entry.name != "build":
            (top / entry.name).symlink_to(entry)
    (top / "build").symlink_to(work / "build")
    (top / "capture.pcap").symlink_to(work / "capture.pcap")
    return top


def of_this_month(text: str) -> str:
    """A command with the days of the month of which there are records, in place of those that the document has."""
    if text.startswith(OVER):
        return text
    today = datetime.now(timezone.utc)
    last = (today.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return text.replace(f"{MONTH}-30", f"{last:%Y-%m-%d}").replace(MONTH, f"{today:%Y-%m}")


def run(file: str, commands: list[Command], work: Path, reset: str) -> None:
    """All commands of a document, one after the other, in one shell; each block begins where the document is read."""
    top = top_for(work, file)
    typed, status, said = (work / f"{top.name}.{what}" for what in ("typed", "status", "said"))
    said.mkdir()
    here = shlex.quote(str(top / FOLDERS.get(file, "")))
    script = [f"cd {shlex.quote(str(top))}", f"exec </dev/null >{said}/before 2>&1", f"({BEFORE.get(file, ':')})", "[[ $? == 0 ]] || exit"]
    block = -1
    for number, command in enumerate(commands):
        if command.block != block or command.block == 0:
            script.append(f"cd {here}")
            block = command.block
        script += [f"exec >{said}/{number} 2>&1", "began=$EPOCHREALTIME", of_this_month(command.text), f'echo "$? $began $EPOCHREALTIME" >>{status}']
    again = subprocess.run(["bash", reset], capture_output=True, text=True)
    if again.returncode:
        return report(f"{file}: all is as it was before", (again.stdout + again.stderr).splitlines())
    try:
        typed.write_text("\n".join(script) + "\n")
        subprocess.run(["bash", typed], timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        pass
    ends = status.read_text().splitlines() if status.exists() else []
    for number, command in enumerate(commands):
        name = f"{command.place}: {command.text.splitlines()[0]}"
        if number >= len(ends):
            what = said / (str(number) if ends or (said / "0").exists() else "before")
            return report(name, ["it does not end, or what comes before it", *what.read_text(errors="replace").splitlines()[-SAID_LINES:]])
        code, began, ended = ends[number].split()
        words = (said / str(number)).read_text(errors="replace").splitlines()
        problems = [f"exit status {code}", *words[-SAID_LINES:]] if code != "0" else []
        report(name, problems, float(ended) - float(began))
        if "DOCUMENTS_SHOW" in os.environ:
            print("    " + "\n    ".join(words))


@cache
def help_of(top: Path, *words: str) -> str | None:
    done = subprocess.run([*words, "--help"], cwd=top, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.stdout + done.stderr if done.returncode == 0 else None


def form_problem(form: Form, top: Path) -> str:
    """What a form says that --help does not."""
    program, *words = re.sub(r"^sudo ", "", form.text).split()
    if program.startswith("bench-"):
        program = "build/bench/" + program
    names: list[str] = []
    for word in words:
        if not re.fullmatch(r"[a-z][a-z-]*", word):
            break
        names.append(word)
    # A help that is asked for beside an unknown command may be that of all.
    for at, name in enumerate(names):
        above = help_of(top, program, *names[:at]) or ""
        if COMMANDS.search(above) and not re.search(rf"^ +{name}( |$)", above, re.M):
            return f"{' '.join([program, *names[:at]])} has no command {name}"
    while names and help_of(top, program, *names) is None:
        names.pop()
    text = help_of(top, program, *names)
    if text is None:
        return f"{' '.join([program, *names])} --help fails"
    for option in re.findall(r"(?<![\w-])(--[a-z][a-z-]*|-[a-z])(?![\w-])", form.text):
        if not re.search(rf"(?<![\w-]){option}(?![\w-])", text) and option != "--help":
            return f"{' '.join([program, *names])} --help does not know {option}"
    return ""


def check_elsewhere(used: set[int]) -> None:
    for at, entry in enumerate(ELSEWHERE):
        problems = [] if at in used else ["no document has it any more"]
        if entry.test and entry.words not in (ROOT / entry.test).read_text():
            problems.append(f"{entry.test} has no {entry.words!r}")
        report(f"not run here: {entry.command}: {entry.why}" + (f"; {entry.test}" if entry.test else ""), problems)


def main() -> int:
    work, reset, only = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    began = time.time()
    top = top_for(work, "forms")
    commands, forms, unknown = find(top)
    report("each block is commands, or known to be none", unknown)
    places = {id(command): elsewhere(command.text) for command in commands}
    here = [command for command in commands if places[id(command)] is None and (not only or command.file in only)]
    for file in dict.fromkeys(command.file for command in here):
        run(file, [command for command in here if command.file == file], work, reset)
    held = [form for form in forms if elsewhere(form.text) is None]
    problems = {form.text: (form, form_problem(form, top)) for form in held}
    report("commands are called as --help says", [f"{form.file}:{form.line}: `{form.text}`: {why}" for form, why in problems.values() if why])
    if not only:
        check_elsewhere({at for at in places.values() if at is not None} | {elsewhere(form.text) for form in forms})
    gone = len(commands) - len(here)
    unseen = sum(1 for at in places.values() if at is not None and not ELSEWHERE[at].test)
    print(f"    {len(commands)} commands in {len({command.file for command in commands})} documents: {len(here)} run here, {gone - unseen} by other tests,"
          f" {unseen} by none; {len(held)} forms and names held against --help; {time.time() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
