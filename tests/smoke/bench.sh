#!/bin/bash
# smoke: the benchmarks' captures, verdicts, comparisons and plots; nothing is timed.
exec python3 "$(dirname "$0")/lib/bench.py"
