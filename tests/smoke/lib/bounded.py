#!/usr/bin/env python3
# smoke: runs a command within bounds of time and memory, and says where it exceeded them.
#
#   bounded.py SECONDS KB COMMAND...     exit status: the command's; 97 where a bound was exceeded
import os
import signal
import subprocess
import sys
import time

seconds, most_kb, command = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
began = time.monotonic()
process = subprocess.Popen(command)
signal.signal(signal.SIGALRM, lambda *_: process.kill())
signal.setitimer(signal.ITIMER_REAL, seconds)
_, status, usage = os.wait4(process.pid, 0)
took = time.monotonic() - began
if took >= seconds or usage.ru_maxrss > most_kb:
    print(f"took {took:.1f} s and {usage.ru_maxrss} kB; at most {seconds} s and {most_kb} kB were allowed")
    sys.exit(97)
sys.exit(os.waitstatus_to_exitcode(status) & 0xff)
