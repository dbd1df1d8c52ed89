# smoke: what can be told of the benchmarks without a clock.
import json
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "bench"))
import measure  # noqa: E402
import plots  # noqa: E402
import programs  # noqa: E402
import results  # noqa: E402

failed = False


def check(name: str, right: bool, why: str = "") -> None:
    global failed
    failed |= not right
    print(f"{'ok' if right else 'not ok'} - {name}" + ("" if right or not why else "\n    " + why.replace("\n", "\n    ")), flush=True)


def frames_of(path: Path) -> list[bytes]:
    data, out, at = path.read_bytes(), [], 24
    if struct.unpack("<IHHiIII", data[:24]) != (0xA1B2C3D4, 2, 4, 0, 0, 65535, 1):
        return []
    while at < len(data):
        kept, size = struct.unpack_from("<II", data, at + 8)
        out.append(data[at + 16:at + 16 + kept] if kept == size else b"")
        at += 16 + kept
    return out


def captures(folder: Path) -> None:
    check("each shape's captures give the verdicts that were said", measure.check_verdicts(folder) > measure.CHECKED_FLOWS)
    [made] = programs.captures(folder, "--flows", "50", "--blocked", "20", "hs")
    joint, lan, line = (frames_of(folder / f"hs{side}.pcap") for side in ("", "-lan", "-line"))
    check("the share of blocked flows is the one wished for", (made["allowed"], made["blocked"]) == (40, 10), str(made))
    check("both sides' captures make the joint one", len(joint) == made["packets"] and sorted(joint) == sorted(lan + line))
    check("the LAN's capture is the clients'", lan != [] and all(frame[26:28] == b"\x0a\x14" for frame in lan))
    rules = folder / "policy/site.yaml"
    rules.write_text(rules.read_text().replace("to: [listed], action: block", "to: [listed], action: allow"))
    check("where a verdict is another, it is seen", programs.replay(folder, "hs") == {"allowed": 50, "blocked": 0})


def ports(folder: Path) -> None:
    """Ends the program itself where a verdict is wrong."""
    programs.captures(folder, "--flows", "1", "dns")
    for what, options in {"ring ports": [], "mixed sizes": ["--mixed"], "two workers": ["--workers", 2],
                          "two workers, each with the other's packets": ["--workers", 2, "--elsewhere"]}.items():
        got = programs.forward(folder, 0.1, "--rings", 300, *options)
        check(f"{what}: every flow is allowed, every packet decided", got["verdicts_ok"] and got["packets"] > 0, str(got))


def figures(**of: list[float]) -> dict:
    return {"machine": {}, "figures": {name: results.figure(values) for name, values in of.items()}}


def comparison(folder: Path) -> None:
    def said(old: dict, new: dict, *options: str) -> tuple[int, str]:
        for name, of in (("old", old), ("new", new)):
            (folder / f"{name}.json").write_text(json.dumps(of))
        done = subprocess.run([ROOT / "bench/compare", *options, folder / "old.json", folder / "new.json"], capture_output=True, text=True)
        return done.returncode, done.stdout

    old = figures(one=[10, 11, 12])
    for word, values in {"worse": [13, 14, 15], "better": [7, 8, 9], "": [11, 12, 13]}.items():
        code, text = said(old, figures(one=values))
        last = text.splitlines()[-1].split()[-1]
        check(f"compare: {word or 'the same'}", code == 0 and (last == word if word else last not in ("worse", "better")), text)
    check("compare: a gain that shrinks is worse", said(figures(**{"a/gain": [2]}), figures(**{"a/gain": [1]}))[1].endswith("worse\n"))
    codes = [said(old, figures(one=values), "--fail-above", "20")[0] for values in ([13, 14, 15], [12.5, 13, 14], [11, 12, 30])]
    check("compare: fails above a loss, beyond the spread only", codes == [1, 0, 0], str(codes))
    (folder / "none.json").write_text("{}")
    done = subprocess.run([ROOT / "bench/compare", folder / "none.json", folder / "new.json"], capture_output=True, text=True)
    check("compare: what is no result is refused in a line", done.returncode == 1 and done.stderr.startswith("bench: "), done.stderr)


def drawings(folder: Path) -> None:
    of = figures(**{"shape/imix/packet": [40, 42, 45], "shape/imix/blocked/packet": [50], "shape/a<b/packet": [3],
                    "suricata/imix/packet": [900, 1000], "loop64/sluice": [60], "loop64/testpmd macswap": [50],
                    "loopmix/sluice": [90, 91], "scale/flows/1000/packet": [20], "scale/flows/1000000/packet": [36, 40],
                    "scale/names/1000/flow": [1400], "scale/names/5000000/flow": [1500], "scale/rules/10/flow": [1400]})["figures"]
    drawn = plots.write(of, folder / "plots")
    check("plots: one for shapes, decided packets, flows, the policy",
          [path.stem for path in drawn] == ["shapes", "decided", "flows", "policy"], str(drawn))
    for path in drawn:
        root = xml.etree.ElementTree.parse(path).getroot()
        places = [float(value) for node in root.iter() for name, value in node.attrib.items() if name in ("x", "y", "y1", "y2", "x1", "x2")]
        inside = all(0 <= place <= max(plots.WIDTH, plots.HEIGHT) for place in places)
        check(f"plots: {path.name} is well formed, and all of it within", bool(places) and inside)


def waits(folder: Path) -> None:
    """Whether the gateway's are more than a bare loop's, however many both have."""
    def said(gateway: list[int], bare: list[int]) -> tuple[int, str]:
        (folder / "live").write_text("")
        with (folder / "rings").open("w") as file:
            for loops in zip(gateway, bare):
                for loop, long in zip(("gateway", "bare"), loops):
                    window = {"scene": "undisturbed", "loop": loop, "seconds": 1, "times": 0, "turns": [[64, 1000], [131072, long]],
                              "packets": [[1024, 990], [131072, 10]] if loop == "gateway" else []}
                    file.write(json.dumps(window) + "\n")
        done = subprocess.run([sys.executable, ROOT / "bench/latency.py", folder / "rings", folder / "live"], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    machine = [0, 90, 3, 40, 7, 0, 120, 12]
    code, text = said(machine[::-1], machine)
    check("latency: waits that are the machine's are not the gateway's", code == 0 and "no more waits ok" in text, text)
    code, text = said([waits + 5 for waits in machine], machine)
    check("latency: a few more in each window are seen", code == 1 and "NO: chance" in text, text)
    check("latency: of a thousand packets ten that took longer leave the p99 as it is", " 1.02 " in text and "131.1" in text, text)


def searches(folder: Path) -> None:
    """Ends itself where an answer is another one than was written."""
    log = folder / "log"
    done = subprocess.run([ROOT / "bench/search", "--records", "50000", "--quick", "--dir", log, "--keep"], capture_output=True, text=True)
    check("search: each answer is what was written", done.returncode == 0 and "zstdgrep" in done.stdout, done.stdout + done.stderr)
    told = json.loads((log / "questions.json").read_text())
    told["queries"][0]["lines"] = 2
    (log / "questions.json").write_text(json.dumps(told))
    done = subprocess.run([ROOT / "bench/search", "--records", "50000", "--quick", "--dir", log], capture_output=True, text=True)
    check("search: another answer is seen, and a log that lay there stays", done.returncode == 1 and "1 lines, and 2" in done.stderr
          and (log / "log").exists(), done.stdout + done.stderr)


def main() -> int:
    for program in ("run", "scale", "compare", "latency", "search"):
        done = subprocess.run([ROOT / "bench" / program, "--help"], capture_output=True, text=True)
        check(f"bench/{program} --help", done.returncode == 0 and f"bench/{program}" in done.stdout, done.stderr)
    for part in (captures, ports, comparison, drawings, waits, searches):
        with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
            try:
                part(Path(folder))
            except (SystemExit, OSError, ValueError, xml.etree.ElementTree.ParseError) as error:
                check(part.__name__, False, str(error))
    programs.stop_all()
    return failed


if __name__ == "__main__":
    sys.exit(main())
