#!/usr/bin/env python3
# lint: the fast path's objects call no allocator, lock, throw, or output.
"""symbols.py [BUILD DIR]: prints `ok` or `not ok` for each room of the fast path.

Reads the relocations of each function (objdump -dr). What runs once, at start or at the end, may allocate: destructors,
static initialisers, functions named create or open, and the files named in COLD or ending in _setup.cpp.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ["decode", "extract", "policy", "flow", "act", "io", "log", "worker"]
# Files of those rooms that never run on a packet.
COLD = {
    "io/link.cpp",             # asks the kernel for a port's carrier, in the main thread
    "policy/policy_open.cpp",  # checks an image and copies it, in the agent's thread
    "policy/generation.cpp",   # builds and frees a generation, in the agent's thread
}
# What a function that runs between bursts may call.
EXCEPTIONS = {
    ("worker/poll_loop.cpp", "nanosleep"),      # an idle worker on a software port sleeps, offline
    ("worker/poll_loop.cpp", "clock_gettime"),  # the wall clock of records, once a burst, through the vDSO
}
COLD_FUNCTION = re.compile(
    r"::~|^_GLOBAL__sub_I|(^|::|\s)(create|open)(\[abi:\w+\])?\(|std::default_delete|std::unique_ptr<.*>::~")
FORBIDDEN = re.compile(
    r"^(malloc|calloc|realloc|reallocarray|free|posix_memalign|aligned_alloc|memalign|strdup"
    r"|operator new(\[\])?\(.*|operator delete(\[\])?\(.*"
    r"|rte_(z|c)?malloc\w*|rte_realloc\w*|rte_free"
    r"|__cxa_throw|__cxa_rethrow|__cxa_allocate_exception|__cxa_guard_acquire|std::__throw_.*"
    r"|pthread_(mutex|rwlock|cond|spin)_.*|sem_wait|sem_post|std::mutex.*"
    r"|v?f?printf|v?asprintf|puts|fputs|fwrite|rte_log|rte_vlog|syslog|__printf_chk|__fprintf_chk|std::ostream.*"
    r"|open|openat|read|write|close|mmap|munmap|ioctl|send|sendmsg|recv|recvmsg|syscall"
    r"|clock_gettime|gettimeofday|nanosleep|usleep)(@.*)?$")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
RELOCATION = re.compile(r"^\s+[0-9a-f]+: R_X86_64_\w+\s+(.+?)(?:[-+]0x[0-9a-f]+)?$")


def objects(build: Path, room: str) -> list[Path]:
    """The objects of a room's library, programs of the same folder left out."""
    return sorted((build / "dataplane" / room).glob("lib*.a.p/*.o"))


def problems_of(path: Path, source: str) -> list[str]:
    text = subprocess.run(["objdump", "-dr", "-C", "--no-show-raw-insn", path], capture_output=True, text=True,
                          check=True).stdout
    found, function = set(), "?"
    for line in text.splitlines():
        if start := FUNCTION.match(line):
            function = start[1].removesuffix(" [clone .cold]")
        elif call := RELOCATION.match(line):
            if FORBIDDEN.match(call[1]) and (source, call[1]) not in EXCEPTIONS and not COLD_FUNCTION.search(function):
                found.add(f"{function} calls {call[1]}")
    return sorted(found)


def main() -> int:
    build = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build")
    failed = 0
    for room in ROOMS:
        problems, count = [], 0
        for path in objects(build, room):
            source = f"{room}/{path.name.removesuffix('.o')}"
            if source in COLD or source.endswith("_setup.cpp"):
                continue
            count += 1
            problems += [f"dataplane/{source}: {problem}" for problem in problems_of(path, source)]
        if not count and any((ROOT / "dataplane" / room).glob("*.cpp")):
            problems.append(f"no objects in {build}/dataplane/{room}: build first")
        failed += bool(problems)
        print("not ok" if problems else "ok", f"- symbols of dataplane/{room} ({count} objects)")
        for problem in problems:
            print("    " + problem)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
