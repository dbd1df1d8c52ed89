# tests: runs one test program in a process group of its own and counts what it says.
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEST_TIMEOUT_S = 240
MOST_OUTPUT = 6000  # characters of a failure's output

_running: set[subprocess.Popen] = set()
_lock = threading.Lock()


@dataclass
class Result:
    name: str
    passed: bool
    seconds: float
    output: str = ""
    suite: str = ""


@dataclass
class Test:
    name: str
    suite: str
    command: list[str]
    env: dict
    workdir: str | None


def _start(command: list[str], env: dict, workdir: str | None, **pipes) -> subprocess.Popen:
    process = subprocess.Popen(command, env=env, cwd=workdir or ROOT, start_new_session=True, **pipes)
    with _lock:
        _running.add(process)
    return process


def _kill(process: subprocess.Popen, number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def stop_all() -> None:
    """Ends what still runs, and gives the scripts the time to take their namespaces down."""
    with _lock:
        running = [process for process in _running if process.poll() is None]
    for process in running:
        _kill(process, signal.SIGTERM)
    for process in running:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            _kill(process, signal.SIGKILL)


def show(command: list[str], env: dict) -> int:
    """Runs a command whose output goes straight to ours."""
    process = _start(command, env, None)
    code = process.wait()
    _running.discard(process)
    return code


@contextmanager
def meanwhile(command: list[str], env: dict):
    """Runs a command with what is left of the processor, and without a word, as long as the block takes; then it is interrupted."""
    process = _start(["nice", "-n", "19", *command], env, None, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        _kill(process, signal.SIGINT)
        process.wait()
        _running.discard(process)


def run(command: list[str], timeout: float, env: dict = {}, workdir: str | None = None) -> tuple[int, str, float]:
    """Returns exit code (negative: a signal; None never), output and seconds. A timeout is a failure that says so."""
    began = time.time()
    with tempfile.TemporaryFile() as output:
        process = _start(command, dict(os.environ) | env, workdir, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            code, note = process.wait(timeout), ""
        except subprocess.TimeoutExpired:
            _kill(process, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                pass
            code, note = 124, f"\nstopped after {timeout:.0f} s"
        _kill(process, signal.SIGKILL)  # whatever it left behind
        process.wait()
        _running.discard(process)
        output.seek(0)
        return code, output.read().decode(errors="replace") + note, time.time() - began


def introspect(directory: str) -> list[Test]:
    """The tests that a build directory registers."""
    listed = json.loads(subprocess.run(["meson", "introspect", "--tests", directory], cwd=ROOT, check=True,
                                       capture_output=True).stdout)
    return [Test(test["name"], test["suite"][-1].split(":")[-1], test["cmd"], test["env"], test["workdir"])
            for test in listed]


def default_targets(directory: str) -> list[str]:
    """What a build directory builds when it is not asked for anything, but for the tests: ninja's `all` has those too."""
    listed = json.loads(subprocess.run(["meson", "introspect", "--targets", directory], cwd=ROOT, check=True,
                                       capture_output=True).stdout)
    paths = [Path(name) for target in listed if target["build_by_default"] for name in target["filename"]]
    return sorted({str(path.relative_to(ROOT / directory)) for path in paths})


def without_aslr(command: list[str]) -> list[str]:
    """clang 14's sanitizers stumble over the wide address randomisation of newer kernels."""
    return ["setarch", "-R", *command] if shutil.which("setarch") else command


def run_test(test: Test, env: dict, prefix: str) -> list[Result]:
    """Counts a GoogleTest program by its cases, another one by its `ok` lines, else as one test."""
    command = without_aslr(test.command) if env else test.command
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        code, output, seconds = run(command, TEST_TIMEOUT_S, {**test.env, **env, "GTEST_OUTPUT": f"json:{report}"},
                                    test.workdir)
        if report.exists() and report.stat().st_size:
            results = _from_gtest(json.loads(report.read_text()), output)
        else:
            results = _from_lines(output) or _from_crash(output) or [Result(test.name, code == 0, seconds, output)]
    if code != 0 and all(result.passed for result in results):
        results.append(Result(f"{test.name}: exit {code}", False, seconds, output[-MOST_OUTPUT:]))
    for result in results:
        result.name = prefix + result.name
        result.output = result.output[-MOST_OUTPUT:]
    return results


def _from_gtest(report: dict, output: str) -> list[Result]:
    results = []
    for suite in report.get("testsuites", []):
        for case in suite["testsuite"]:
            if case.get("result") == "SKIPPED" or case["status"] != "RUN":
                continue
            said = "\n".join(failure["failure"] for failure in case.get("failures", []))
            results.append(Result(f"{suite['name']}.{case['name']}", not said, float(case["time"].rstrip("s")), said))
    return results


def _from_crash(output: str) -> list[Result]:
    """A GoogleTest program that died before its report: the cases that it finished, and the one that it did not."""
    started = re.findall(r"^\[ RUN      \] (\S+)$", output, re.M)
    passed = set(re.findall(r"^\[       OK \] (\S+)", output, re.M))
    return [Result(name, name in passed, 0, output if name not in passed else "") for name in started]


def _from_lines(output: str) -> list[Result]:
    """`ok - name` and `not ok - name`, each with the indented lines that follow it."""
    results: list[Result] = []
    for line in output.splitlines():
        if found := re.match(r"(not )?ok\b[ \d]*-? ?(.*)", line):
            name, _, seconds = found[2].partition(" # time=")
            results.append(Result(name, not found[1], float(seconds or 0)))
        elif results:
            results[-1].output += line + "\n"
    return results


def run_lines(name: str, command: list[str], timeout: float) -> list[Result]:
    """A script that prints `ok` lines."""
    code, output, seconds = run(command, timeout)
    results = _from_lines(output)
    if code != 0 and all(result.passed for result in results) or not results:
        results.append(Result(f"{name}: exit {code}", False, seconds, output[-MOST_OUTPUT:]))
    untimed = [result for result in results if not result.seconds]
    for result in results:
        result.name = result.name if result.name.startswith(name) else f"{name}: {result.name}"
        result.seconds = result.seconds or seconds / len(untimed)
    return results


def fuzz_words(target: Path) -> list[str]:
    """The words of its language, where a target has a dictionary."""
    words = ROOT / "tests/fuzz" / f"{target.name.removeprefix('fuzz-')}.dict"
    return [f"-dict={words}"] if words.exists() else []


def run_fuzz(target: Path, seconds: int, env: dict) -> Result:
    """Fuzzes for some seconds from the seeds in tests/fuzz/corpus; nothing is written into the checkout."""
    seeds = ROOT / "tests/fuzz/corpus" / target.name.removeprefix("fuzz-")
    with tempfile.TemporaryDirectory() as found:
        command = [str(target), f"-max_total_time={seconds}", "-seed=1", "-timeout=10", "-rss_limit_mb=3000",
                   "-print_final_stats=1", f"-artifact_prefix={found}/", *fuzz_words(target), found, *([str(seeds)] if seeds.is_dir() else [])]
        code, output, took = run(without_aslr(command), seconds + 60, env)
        runs = re.search(r"stat::number_of_executed_units: (\d+)", output)
        crash = [path for path in Path(found).glob("*-*") if path.name.startswith(("crash", "leak", "timeout", "oom", "slow"))]
        if code != 0 and crash:
            output += f"\n{crash[0].name}: {crash[0].read_bytes().hex()[:2000]}"
    name = f"{target.name}" + (f" ({runs[1]} inputs)" if runs else "")
    return Result(name, code == 0 and runs is not None, took, output[-MOST_OUTPUT:])
