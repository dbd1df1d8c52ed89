#!/usr/bin/env python3
# smoke: forges evidence: changes a copy of it in one way, and its manifest's sums so that they fit.
#
#   forge.py KIND FOLDER
import hashlib
import json
import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HEADER = 0x184D2A50
SIGNED = re.compile(rb'^(\{.*),"signature":"[0-9a-f]{128}"\}$', re.S)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def zstd(data: bytes, *options: str) -> bytes:
    return subprocess.run(["zstd", "-q", *options], input=data, stdout=subprocess.PIPE, check=True).stdout


def segments(root: Path) -> list[Path]:
    return sorted(root.glob("log/access-*.jsonl.zst"), key=lambda path: -path.stat().st_size)


def frames(data: bytes) -> list[tuple[int, dict, bytes]]:
    """Offset, header, and the salt's frame and zstd's, of each frame."""
    out, at = [], 0
    while struct.unpack("<I", data[at:at + 4])[0] == HEADER:
        size = struct.unpack("<I", data[at + 4:at + 8])[0]
        header = json.loads(data[at + 8:at + 8 + size].split(b"\n")[0])
        body = at + 8 + size
        out.append((at, header, data[body:body + header["body"]]))
        at = body + header["body"]
    return out


def in_frame(change: Callable[[list[bytes]], list[bytes]], remake: bool = False) -> Callable[[Path], None]:
    """Changes the lines of a frame in the middle; remake: its header, too, so that both fit."""
    def forge(root: Path) -> None:
        path = segments(root)[0]
        data = path.read_bytes()
        found = frames(data)
        at, header, body = next(each for each in found[1:] if each[1]["records"] > 1)
        lines = zstd(body[40:], "-dc").split(b"\n")[:-1]
        text = b"".join(line + b"\n" for line in change(lines))
        packed = body[:40] + zstd(text, "-c")
        start = data[at:data.index(body, at)]
        if remake:
            said = header | {"body": len(packed), "sha256": sha256(packed), "text": len(text)}
            said = json.dumps(said, separators=(",", ":"), sort_keys=True).encode()
            content = said + b"\n" + sha256(said).encode() + b"\n"
            start = struct.pack("<II", HEADER, len(content)) + content
        path.write_bytes(data[:at] + start + packed + data[data.index(body, at) + len(body):])
    return forge


def changed_line(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"action":"', b'"action":"dis', 1), *lines[1:]]


def frame_cut(root: Path) -> None:
    path = max(segments(root), key=lambda each: len(frames(each.read_bytes())))
    data = path.read_bytes()
    found = frames(data)  # three or more: the accesses took longer than a frame is gathered
    path.write_bytes(data[:found[1][0]] + data[found[2][0]:])


def end_cut(root: Path) -> None:
    path = segments(root)[0]
    path.write_bytes(path.read_bytes()[:frames(path.read_bytes())[-1][0]])


def segment_missing(root: Path) -> None:
    segments(root)[0].unlink()


def edit(pattern: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def forge(root: Path) -> None:
        for path in root.glob(pattern):
            if old in (data := path.read_bytes()):
                return path.write_bytes(data.replace(old, new, 1))
        sys.exit(f"forge.py: no {old!r} in {pattern}")
    return forge


class Forger:
    """Somebody else's key."""

    def __init__(self) -> None:
        self.key = Path(tempfile.mkdtemp(), "key")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(self.key)], check=True)

    def sign(self, line: bytes) -> bytes:
        body = SIGNED.match(line)[1] + b"}"
        text = self.key.with_name("text")
        text.write_bytes(body)
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", str(self.key), "-rawin", "-in", str(text)],
                                   stdout=subprocess.PIPE, check=True).stdout
        return body[:-1] + b',"signature":"' + signature.hex().encode() + b'"}'

    def public(self) -> bytes:
        return subprocess.run(["openssl", "pkey", "-in", str(self.key), "-pubout"], stdout=subprocess.PIPE, check=True).stdout


def head_other_key(root: Path) -> None:
    head = root / "log/heads.head"
    head.write_bytes(Forger().sign(head.read_bytes().rstrip()).ljust(511) + b"\n")


def all_other_key(root: Path) -> None:
    """Whatever the log's key signed is signed anew, and the chain fits: only the fingerprint tells."""
    forger, previous, out = Forger(), sha256(b""), []
    (root / "log/log.pub").write_bytes(forger.public())
    for line in (root / "log/heads.jsonl").read_bytes().splitlines():
        line = re.sub(rb'"previous":"[0-9a-f]+"', b'"previous":"' + previous.encode() + b'"', line)
        out.append(forger.sign(line))
        previous = sha256(out[-1])
        for path in root.glob("log/access-*.jsonl.zst"):
            number = json.loads(line).get("segment")
            if json.loads(line).get("kind") == "segment" and int(path.name[-20:-10]) == number:
                data = path.read_bytes()
                old = re.search(rb'\{"file":[^\n]*?"signature":"[0-9a-f]{128}"\}', data[data.rindex(b"\x52\x2a\x4d\x18"):])[0]
                path.write_bytes(data.replace(old, out[-1]))
    (root / "log/heads.jsonl").write_bytes(b"".join(line + b"\n" for line in out))
    head = root / "log/heads.head"
    said = re.sub(rb'"sha256":"[0-9a-f]+"', b'"sha256":"' + previous.encode() + b'"', head.read_bytes().rstrip())
    head.write_bytes(forger.sign(said).ljust(511) + b"\n")
    fit_manifest(root)
    manifest = sha256((root / "MANIFEST.json").read_bytes()).encode()
    line = re.sub(rb'"sha256":"[0-9a-f]+"', b'"sha256":"' + manifest + b'"', (root / "MANIFEST.signed").read_bytes().rstrip())
    line = re.sub(rb'"previous":"[0-9a-f]+"', b'"previous":"' + previous.encode() + b'"', line)
    (root / "MANIFEST.signed").write_bytes(forger.sign(line) + b"\n")


def heads_cut(root: Path) -> None:
    path = root / "log/heads.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(True)[:-1]))


def history_line_removed(root: Path) -> None:
    path = root / "policy/history.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(True)[1:]))


def file_added(root: Path) -> None:
    (root / "log/extra.jsonl").write_bytes(b"{}\n")


FORGERIES: dict[str, Callable[[Path], None]] = {
    "record-changed": in_frame(changed_line),
    "record-remade": in_frame(changed_line, remake=True),
    "record-cut": in_frame(lambda lines: lines[1:]),
    "records-moved": in_frame(lambda lines: lines[::-1]),
    "frame-cut": frame_cut,
    "end-cut": end_cut,
    "segment-missing": segment_missing,
    "policy-changed": edit("policy/sources/*site.yaml", b"mode: enforce", b"mode: observe"),
    "paper-changed": edit("papers/*", b"scan", b"scam"),
    "history-changed": edit("policy/history.jsonl", b'"reason":"', b'"reason":"not '),
    "history-line-removed": history_line_removed,
    "head-other-key": head_other_key,
    "heads-changed": edit("log/heads.jsonl", b'"kind":"segment"', b'"kind":"sigment"'),
    "heads-cut": heads_cut,
    "all-other-key": all_other_key,
    "manifest-changed": edit("MANIFEST.json", b'"site": "', b'"site": "not-'),
    "file-added": file_added,
    "sheet-changed": edit("00-sheet.html", b"</h1>", b"!</h1>"),
}


def fit_manifest(root: Path) -> None:
    """What a forger would do: the manifest lists what is there."""
    path = root / "MANIFEST.json"
    manifest = json.loads(path.read_bytes())
    manifest["files"] = [entry for entry in manifest["files"] if (root / entry["path"]).exists()]
    for entry in manifest["files"]:
        data = (root / entry["path"]).read_bytes()
        entry |= {"sha256": sha256(data), "bytes": len(data)}
    path.write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in FORGERIES:
        sys.exit(f"forge.py: KIND FOLDER; KIND is one of {', '.join(FORGERIES)}")
    folder = Path(sys.argv[2])
    FORGERIES[sys.argv[1]](folder)
    if sys.argv[1] not in ("all-other-key", "manifest-changed", "file-added", "sheet-changed"):
        fit_manifest(folder)
