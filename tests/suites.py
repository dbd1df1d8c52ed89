#!/usr/bin/env python3
# tests: builds what the suites need, runs them, counts single tests. Started by tests/run.
import argparse
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import programs  # noqa: E402
from programs import ROOT, Result  # noqa: E402

UBSAN_IGNORE = ROOT / "tests/support/ubsan.ignore"
# Compiling is most of a run's time: the sources of a library as one; and what is sanitized without optimisation and debugger's tables.
SANITIZED = ["-Db_sanitize=address,undefined", "-Dfuzz=true", "-Db_lundef=false", "-Ddebug=false", "-Doptimization=0", "--unity=on",
             f"-Dcpp_args=-fsanitize-ignorelist={UBSAN_IGNORE}"]
RELEASE = ["--buildtype=release", "--unity=on"]
CLANG = {"CC": "clang", "CXX": "clang++", "CXX_LD": "lld"}
THREADS = ["-Db_sanitize=thread", "-Db_lundef=false", "--buildtype=debugoptimized", "--unity=on"]
EVERY_TEST = ["all", "meson-test-prereq"]  # meson builds the test programs on demand only
THREAD_TESTS = ("unit-contract", "unit-link", "unit-agent", "unit-log")  # the boundary between the processes
ALONE = ("pair_lead",)  # a heartbeat that comes late moves the lead
SUITES = ("lint", "unit", "case", "release", "cost", "smoke", "evasion", "fuzz", "tsan")


@dataclass
class Run:
    options: argparse.Namespace
    results: list[Result] = field(default_factory=list)

    def say(self, text: str) -> None:
        print(f"[{time.time() - self.options.started:5.0f} s] {text}", flush=True)

    def wants(self, suite: str) -> bool:
        return suite in self.options.only

    def add(self, suite: str, results: list[Result], label: str) -> None:
        failed = [result for result in results if not result.passed]
        self.say(f"{suite}: {label}: {len(results) - len(failed)} passed, {len(failed)} failed,"
                 f" {sum(result.seconds for result in results):.1f} s")
        for result in failed:
            print(f"--- FAILED {suite}: {result.name}\n{result.output.rstrip()}\n---", flush=True)
        for result in results:
            result.suite = suite
        self.results += results

    def wants_sanitized(self) -> bool:
        return not self.options.quick and any(self.wants(suite) for suite in ("unit", "case", "fuzz", "lint"))

    def build(self, directory: str, options: list[str], targets: list[str] = (), clang: bool = False) -> bool:
        """Compiles; a build that fails is one failed test, and what needs it is not run."""
        began = time.time()
        self.say(f"build: {directory}")
        code = programs.show(*build_command(directory, options, targets, clang))
        done = Result(f"build {directory}", code == 0, time.time() - began, "see above")
        self.add("build", [done], directory)
        return done.passed

    def meson_tests(self, directory: str, suite: str, env: dict, prefix: str) -> None:
        """Runs the programs that a build registers, as many at once as there are cores."""
        tests = [test for test in programs.introspect(directory) if test.suite == suite]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            runs = pool.map(lambda test: (test, programs.run_test(test, env, prefix)), tests)
            for test, results in runs:
                self.add(test.suite, results, prefix + test.name)


def build_command(directory: str, options: list[str], targets: list[str], clang: bool) -> tuple[list[str], dict]:
    wanted = [word for target in targets for word in ("-t", target)]
    return [str(ROOT / "deploy/build"), *wanted, directory, *options], dict(os.environ) | (CLANG if clang else {})


def sanitizer_env() -> dict:
    support = ROOT / "tests/support"
    env = {"ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=0",
           "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1", "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"}
    for variable, file in (("LSAN_OPTIONS", "lsan.supp"), ("TSAN_OPTIONS", "tsan.supp")):
        if (support / file).exists():
            env[variable] = ":".join(filter(None, (env.get(variable), f"suppressions={support / file}")))
    return env


def lint(run: Run) -> None:
    command = [str(ROOT / "tests/lint/run")] + (["--quick"] if run.options.quick else [])
    run.add("lint", programs.run_lines("lint", command, 900), "all")


def smoke(run: Run) -> None:
    """Two at once: each has namespaces of its own, and mostly waits."""
    scripts = [script for script in sorted((ROOT / "tests/smoke").glob("*.sh")) if not (run.options.quick and script.name == "demo.sh")]
    for most, chosen in ((2, [script for script in scripts if script.stem not in ALONE]),
                         (1, [script for script in scripts if script.stem in ALONE])):
        with ThreadPoolExecutor(most) as pool:
            runs = pool.map(lambda script: programs.run_lines(script.stem, [str(script)], 300), chosen)
            for script, results in zip(chosen, runs):
                run.add("smoke", results, script.stem)


def cost(run: Run) -> None:
    run.add("cost", programs.run_lines("cost", [str(ROOT / "tests/cost/run")], 300), "all")


def evasion(run: Run) -> None:
    run.add("evasion", programs.run_lines("evasion", [str(ROOT / "tests/evasion/run")], 300), "all")


def fuzz(run: Run) -> None:
    targets = sorted(path for path in (ROOT / "build-san/tests/fuzz").glob("fuzz-*") if path.is_file())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = pool.map(lambda target: programs.run_fuzz(target, run.options.fuzz_seconds, sanitizer_env()), targets)
        for target, result in zip(targets, runs):
            run.add("fuzz", [result], target.name)


def programs_of(directory: str, wanted, options: list[str] = (), clang: bool = False) -> tuple[list, list[str]]:
    """The registered tests that are wanted, and their programs as targets; sets the directory up where it is not."""
    env = dict(os.environ) | (CLANG if clang else {})
    setup = ["meson", "setup", directory, *options]
    if (ROOT / directory / "build.ninja").exists():
        setup = ["ninja", "-C", directory, "build.ninja"]  # so that it knows today's tests
    subprocess.run(setup, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
    tests = [test for test in programs.introspect(directory) if wanted(test)]
    paths = [Path(test.command[0]) for test in tests]
    return tests, [str(path.relative_to(ROOT / directory)) for path in paths if path.is_relative_to(ROOT / directory)]


def boundary(run: Run) -> None:
    """Only the programs that exercise what the two processes share are built with the thread sanitizer."""
    tests, targets = programs_of("build-tsan", lambda test: test.name in THREAD_TESTS, THREADS, clang=True)
    if targets and run.build("build-tsan", THREADS, targets, clang=True):
        for test in tests:
            run.add("tsan", programs.run_test(test, sanitizer_env(), "thread: "), test.name)


SANITIZED_BUILD = build_command("build-san", SANITIZED, EVERY_TEST, clang=True)


def run_release(run: Run) -> None:
    """The gateway itself. Unit tests and cases run here with --quick; else the sanitized build runs them."""
    quick = run.options.quick
    targets = EVERY_TEST
    if not quick:
        tests = programs_of("build", lambda test: test.suite == "release", RELEASE)[1]
        targets = [*programs.default_targets("build"), *tests]
    if not run.build("build", RELEASE, targets):
        return
    for suite in ("unit", "case", "release"):
        if run.wants(suite) and (quick or suite == "release"):
            run.meson_tests("build", suite, {}, "")
    # These mostly wait, on the network and for time to pass.
    with programs.meanwhile(*SANITIZED_BUILD) if run.wants_sanitized() else nullcontext():
        for suite, runs in (("cost", cost), ("smoke", smoke), ("evasion", evasion)):
            if run.wants(suite):
                runs(run)


def run_sanitized(run: Run) -> None:
    if not run.build("build-san", SANITIZED, EVERY_TEST, clang=True):
        return
    for suite in ("unit", "case"):
        if run.wants(suite):
            run.meson_tests("build-san", suite, sanitizer_env(), "sanitized: ")
    if run.wants("fuzz"):
        fuzz(run)


def run_all(run: Run) -> None:
    run_release(run)
    if run.wants_sanitized():
        run_sanitized(run)
    if not run.options.quick and run.wants("tsan"):
        boundary(run)
    if run.wants("lint"):
        lint(run)


def summary(run: Run) -> int:
    passed, failed = Counter(), Counter()
    for result in run.results:
        (passed if result.passed else failed)[result.suite] += 1
    print("\nslowest:")
    for result in sorted(run.results, key=lambda result: -result.seconds)[:10]:
        print(f"  {result.seconds:7.1f} s  {result.suite}: {result.name}")
    if failed:
        print("failed:")
        for result in run.results:
            if not result.passed:
                print(f"  {result.suite}: {result.name}")
    print("by suite:")
    for suite in ("build", *SUITES):
        if passed[suite] + failed[suite]:
            print(f"  {suite:7} {passed[suite]} passed, {failed[suite]} failed")
    print(f"took {time.time() - run.options.started:.0f} s")
    print(f"{passed.total()} passed, {failed.total()} failed", flush=True)
    return 1 if failed or not passed else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/run")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", choices=SUITES)
    parser.add_argument("--fuzz-seconds", type=int, default=4)
    parser.add_argument("--started", type=float, default=time.time())
    options = parser.parse_args()
    options.only = options.only or list(SUITES)
    run = Run(options)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    try:
        run_all(run)
    finally:
        programs.stop_all()
    return summary(run)


if __name__ == "__main__":
    sys.exit(main())
