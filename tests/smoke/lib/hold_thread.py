#!/usr/bin/env python3
# smoke: keeps a thread of another process from running.
"""hold_thread.py THREAD: keeps one thread of a process from running, the others go on, until this program or it ends."""
import ctypes
import os
import sys

PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000


def main() -> int:
    thread = int(sys.argv[1])
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if libc.ptrace(request, thread, None, None) != 0:
            print(f"thread {thread}: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
            return 1
    os.waitpid(thread, WALL)
    print("held", flush=True)
    while True:
        _, status = os.waitpid(thread, WALL)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            return 0


if __name__ == "__main__":
    sys.exit(main())
