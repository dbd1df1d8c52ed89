#!/usr/bin/env python3
# control/evidence: checks an archive on any machine.
"""Checks the evidence of a Sluice gateway: all that lies in the folder of this file, or in FOLDER.

  python3 verify.py [--fingerprint HEX] [FOLDER]

Needs python3 (3.9 or newer) with its own library, openssl and zstd; nothing of Sluice. Prints what is wrong, and where.
Exit status: 0 all is as it was made; 1 something was altered; 2 it cannot be told. 退出状态：0 与制作时一致；1 被更改；2 无法判断。
"""
import argparse, base64, hashlib, json, mmap, os, re, shutil, struct, subprocess, sys, tempfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

HEADER, SALT, END, SEEK_TABLE, TABLE_END = 0x184D2A50, 0x184D2A51, 0x184D2A52, 0x184D2A5E, 0x8F92EAB1
MOST_SKIPPABLE, MOST_TEXT, SHOWN = 64 << 10, 4 << 20, 200  # bytes of a header, of a frame's lines; problems that are printed
PROBLEMS, NOTES = [], []
SIGNED = re.compile(rb'^(\{.*),"signature":"([0-9a-f]{128})"\}$', re.S)
EVENT_ID = re.compile(rb'"event":\{.*?"id":"([0-9a-f]+-\d+)-(\d+)"')
GAP = b'"event":{"kind":"pipeline_error"'
KINDS = {  # what can be wrong, and how it is called in Chinese
    "record changed": "记录被更改", "record cut": "记录被删去", "record added": "记录被添加", "record moved": "记录被移动",
    "frame cut": "帧被删去", "frame moved": "帧被移动", "header changed": "帧头被更改", "segment cut": "日志段被截断",
    "segment missing": "缺少日志段", "segment changed": "日志段被更改", "segment moved": "日志段被移动", "line changed": "签名行被更改",
    "lines cut": "签名行被删去", "other key": "由另一密钥签名，或被更改", "policy changed": "策略源文件被更改", "policy missing": "缺少策略源文件",
    "paper changed": "文件被更改", "manifest changed": "清单被更改", "file changed": "文件被更改", "file missing": "缺少文件",
    "foreign file": "不属于证据的文件", "found by the gateway": "网关自身曾发现的更改"}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sum_of(path: Path) -> str:
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def parsed(text: bytes) -> dict:
    """A JSON object; an empty one where text is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


class Key:
    """An Ed25519 public key (RFC 8410). Its fingerprint is the SHA-256 of its 32 bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        der = base64.b64decode("".join(line for line in path.read_text().splitlines() if not line.startswith("-")))
        if len(der) != 44 or der[:12] != bytes.fromhex("302a300506032b6570032100"):
            raise ValueError(f"{path.name} holds no Ed25519 key")
        self.fingerprint = sha256(der[12:])

    def signed(self, line: bytes) -> bool:
        """Whether a line bears this key's signature, of all that stands before it and a closing brace."""
        match = SIGNED.match(line)
        if not match:
            return False
        with tempfile.TemporaryDirectory() as place:  # openssl reads what Ed25519 signs from files alone
            text, signature = Path(place, "text"), Path(place, "signature")
            text.write_bytes(match[1] + b"}")
            signature.write_bytes(bytes.fromhex(match[2].decode()))
            return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(self.path), "-rawin", "-in", str(text),
                                   "-sigfile", str(signature)], capture_output=True, check=False).returncode == 0


def problem(kind: str, what: str) -> None:
    PROBLEMS.append((kind, what))


def check_sealed(root: Path, stem: str, public: str) -> list[dict]:
    """Holds each line against its signature and the line before it, and the last one against the signed head."""
    name, key = f"{stem}.jsonl", Key(root / public)
    head_text = (root / f"{stem}.head").read_bytes()
    head = parsed(head_text) if len(head_text) == 512 and key.signed(head_text.rstrip(b" \n")) else {}
    if not head:
        problem("other key", f"{stem}.head: it was changed, or another key signed it")
    lines = (root / name).read_bytes().split(b"\n")
    if lines.pop():
        problem("line changed", f"{name}: its last line has no end")
    first = next((at for at, line in enumerate(lines) if SIGNED.match(line)), len(lines))
    # Lines from before there were signatures: the first signed one names the SHA-256 of all of them.
    previous, last = sha256(b"".join(line + b"\n" for line in lines[:first])), first
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        good = [True] * first + list(pool.map(key.signed, lines[first:]))
    said = [parsed(line) for line in lines]
    for at in range(first, len(lines)):
        own, where = number(said[at].get("line")), f"{name}, line {at + 1}"
        if not good[at]:
            problem("line changed", f"{where}: it was changed, or another key signed it")
        elif said[at].get("previous") != previous and own > last + 1:
            problem("lines cut", f"{where}: lines {last + 1} to {own - 1} are missing before it")
        elif said[at].get("previous") != previous and (own <= last or at == first or good[at - 1]):
            problem("line changed", f"{where}: it stands at another place than it was written at")
        if good[at] and "altered" in said[at]:
            problem("found by the gateway", f"{where}: {said[at]['altered']}")
        previous, last = sha256(lines[at]), max(last + 1, own) if good[at] else last + 1
    if head and number(head.get("line")) > last:
        problem("lines cut", f"{name}: lines {last + 1} to {head['line']} are missing at its end")
    elif head and (head.get("line"), head.get("sha256")) != (last, previous):
        problem("line changed", f"{name}: its last line is not the one that the signed head names")
    return said


def merkle(lines: list[bytes], salt: bytes) -> str:
    """The root of RFC 9162's tree over salted leaves, level by level: a node without a sibling goes up as it is."""
    salted = ((hashlib.sha256(salt + struct.pack(">Q", index)).digest(), line) for index, line in enumerate(lines))
    level = [hashlib.sha256(b"\0" + own + line).digest() for own, line in salted]
    while len(level) > 1:
        paired = [hashlib.sha256(b"\1" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2:]
    return level[0].hex()


def in_order(lines: list[bytes]) -> bool:
    """The numbers of each worker's records ascend."""
    last: dict[bytes, int] = {}
    for found in filter(None, map(EVENT_ID.search, lines)):
        if int(found[2]) <= last.get(found[1], -1):
            return False
        last[found[1]] = int(found[2])
    return True


class Checked:
    """What a segment says by itself; what it must fit lies in the others and in heads.jsonl."""

    def __init__(self, path: str, number_: int) -> None:
        self.name, self.number = Path(path).name, number_
        self.problems, self.gaps = [], []
        self.first = self.last = self.end = ""  # what its first header names; hash of its last header; its signed line
        self.frames = self.records = 0

    def wrong(self, kind: str, what: str) -> None:
        self.problems.append((kind, f"{self.name}, frame {self.frames}: {what}"))

    def gap(self, line: bytes) -> None:
        if GAP in line:
            own = parsed(line).get("sluice", {})
            self.gaps.append(f"{own.get('lost', '?')} records are missing between {own.get('from')} and {own.get('until')}")


    def against(self, said: "dict | None") -> list[tuple[str, str]]:
        """What differs from the signed line about it."""
        if said is None:
            return [("segment changed", f"{self.name}: it bears an end of which heads.jsonl knows nothing")] if self.end else []
        if self.end and self.end != said["text"]:
            return [("segment changed", f"{self.name}: its end bears another line than heads.jsonl has")]
        if (self.records, self.frames) != (said.get("records"), said.get("frames")):
            return [("record cut" if self.records < number(said.get("records")) else "record added",
                     f"{self.name}: it has {self.records} records in {self.frames} frames, and was closed with "
                     f"{said.get('records')} in {said.get('frames')}")]
        return [] if self.last == said.get("header") else [
            ("record changed", f"{self.name}: its last header is another one than was signed")]


class CountedSegment(Checked):
    """One whose lines were made anew with pseudonyms: its signed headers say how many there must be."""

    def __init__(self, path: str, number_: int) -> None:
        super().__init__(path, number_)
        for text in Path(path).read_bytes().split(b"\n")[:-1]:
            header = parsed(text)
            if "signature" in header:
                self.end = text.decode(errors="replace")
                continue
            if number(header.get("frame")) != self.frames or (self.last and header.get("previous") != self.last):
                self.wrong("frame cut", "its header does not follow the one before it")
            self.first, self.last = self.first or header.get("previous", ""), sha256(text)
            self.frames += 1
            self.records += number(header.get("records"))
        count = 0
        packed = path.replace(".headers.jsonl", ".pseudonyms.jsonl.zst")
        with subprocess.Popen(["zstd", "-dcq", packed], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as unpacked:
            for count, line in enumerate(iter(lambda: unpacked.stdout.readline(1 << 17), b""), 1):
                self.gap(line)
        if count != self.records or unpacked.returncode:
            self.wrong("record cut" if count < self.records else "record added",
                       f"there are {count} lines, and the signed headers say {self.records}")


class Segment(Checked):
    """A whole one: frames, then its signed end."""

    def __init__(self, path: str, number_: int) -> None:
        super().__init__(path, number_)
        self.broken, self.table = False, []  # broken: from there on frames are unpacked one by one
        if not os.path.getsize(path):
            return self.wrong("segment cut", "it is empty")
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as self.data, \
                subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as self.unpacked:
            self.read()
            self.unpacked.stdout.close()
        del self.data, self.unpacked  # they cannot go to another process

    def skippable(self, at: int, wanted: int) -> bytes:
        magic, size = struct.unpack("<II", self.data[at:at + 8].ljust(8))
        if magic != wanted or size > MOST_SKIPPABLE or at + 8 + size > len(self.data):
            raise ValueError("no whole frame begins here")
        return self.data[at + 8:at + 8 + size]

    def header(self, at: int) -> dict:
        text, _, rest = self.skippable(at, HEADER).partition(b"\n")
        header = parsed(text)
        if rest != sha256(text).encode() + b"\n" or number(header.get("text")) > MOST_TEXT or min(
                number(header.get(name)) for name in ("segment", "frame", "records", "text", "body")) < 0:
            raise ValueError("its header was changed")
        size = 8 + len(text) + 1 + len(rest)
        return header | {"own": sha256(text), "size": size, "start": at + size}

    def next_frame(self, at: int) -> int:
        """Where the next whole header, or the end, begins; the file's size where there is none."""
        for found in re.compile(rb"[\x50\x52]\x2a\x4d\x18").finditer(self.data, at):
            try:
                self.skippable(found.start(), END) if found[0][0] == END & 0xFF else self.header(found.start())
                return found.start()
            except ValueError:
                continue
        return len(self.data)

    def read(self) -> None:
        at = 0
        while at < len(self.data):
            try:
                if self.data[at:at + 4] == struct.pack("<I", END):
                    return self.read_end(at, self.skippable(at, END))
                at = self.frame(self.header(at))
            except ValueError as damage:
                self.broken = True
                self.wrong("header changed", f"byte {at}: {damage}")
                at = self.next_frame(at + 1)
        return self.wrong("segment cut", "its signed end is missing")

    def frame(self, header: dict) -> int:
        if header["segment"] != self.number or header["frame"] < self.frames:
            self.wrong("frame moved", f"frame {header['frame']} of segment {header['segment']} stands here")
        elif header["frame"] > self.frames:
            self.wrong("frame cut", f"frames {self.frames} to {header['frame'] - 1} are missing before it")
        elif self.last and header.get("previous") != self.last:
            self.wrong("record changed", "the frame before it was made anew: its header is not the one that this one names")
        end = header["start"] + header["body"]
        body = self.data[header["start"]:end]
        if sha256(body) == header.get("sha256"):
            self.whole(header, body)
        else:
            self.broken = True
            end = self.next_frame(header["start"])
            self.altered(header["records"], self.data[header["start"]:end])
        self.table += [(header["size"], 0), (40, 0), (max(0, header["body"] - 40), header["text"])]
        self.first, self.last = self.first or header.get("previous", ""), header["own"]
        self.frames = header["frame"] + 1
        self.records += header["records"]
        return end

    def lines(self, body: bytes, size: int) -> list[bytes]:
        """Of a frame: 32 bytes of salt in a skippable frame, then zstd's."""
        if self.broken:
            unpack = f"zstd -dcq | head -c {MOST_TEXT}"  # however much a forger has packed into it
            text = subprocess.run(unpack, shell=True, input=body[40:], capture_output=True, check=False).stdout
        else:
            text = self.unpacked.stdout.read(size)
        return text.split(b"\n")[:-1]

    def whole(self, header: dict, body: bytes) -> None:
        lines = self.lines(body, header["text"])
        if len(lines) != header["records"]:
            self.wrong("record cut", f"it has {len(lines)} records, and its header says {header['records']}")
        elif body[:8] != struct.pack("<II", SALT, 32) or merkle(lines, body[8:40]) != header.get("root"):
            self.wrong("record changed", "its Merkle root is not that of its lines")
        for line in lines:
            self.gap(line)

    def altered(self, records: int, body: bytes) -> None:
        """A frame's bytes are not those that its header names: says what became of them."""
        lines = self.lines(body, 0)
        if lines and len(lines) < records:
            self.wrong("record cut", f"{records - len(lines)} of its {records} records were cut out")
        elif len(lines) > records:
            self.wrong("record added", f"{len(lines) - records} records were added")
        elif lines and not in_order(lines):
            self.wrong("record moved", "its records stand in another order than they were written in")
        else:
            self.wrong("record changed", "its records have another SHA-256 than its header says" if lines else "they cannot be unpacked")

    def read_end(self, at: int, line: bytes) -> None:
        """The signed line, then zstd's seek table, which names every frame of the file."""
        self.end = line.decode(errors="replace")
        table = self.table + [(8 + len(line), 0)]
        content = b"".join(struct.pack("<II", *each) for each in table) + struct.pack("<IBI", len(table), 0, TABLE_END)
        if not self.broken and self.data[at + 8 + len(line):] != struct.pack("<II", SEEK_TABLE, len(content)) + content:
            self.wrong("segment changed", "its table of frames was changed, or something follows it")


def check_log(root: Path, manifest: dict, heads: list[dict]) -> tuple[int, int]:
    """All segments, each against its signed line and the one before it. Returns how many there are, and their records."""
    signed, gone, records = {}, set(), 0
    for said, line in zip(heads, (root / "log/heads.jsonl").read_bytes().split(b"\n")):
        if said.get("kind") == "segment":
            signed[number(said.get("segment"))] = said | {"text": line.decode(errors="replace")}
        elif said.get("kind") == "deletion":
            gone.add(number(said.get("segment")))
        elif said.get("kind") == "damage":
            problem("found by the gateway", f"segment {said.get('segment')}: {said.get('why')}")
    pseudonyms = manifest.get("pseudonyms") is True
    form = re.compile(r"access-\d{8}T\d{6}Z-(\d{10})" + (r"\.headers\.jsonl" if pseudonyms else r"\.jsonl\.zst"))
    files = sorted((int(found[1]), str(path)) for path in (root / "log").iterdir() if (found := form.fullmatch(path.name)))
    since, until, there = str(manifest.get("since")), str(manifest.get("until")), {each for each, _ in files}
    for each, said in sorted(signed.items()):
        if each not in there and str(said.get("first")) <= until and str(said.get("last")) >= since:
            what = f"segment {each}: its {said.get('records')} records are of {said.get('first')} to {said.get('last')}"
            if each in gone:
                NOTES.append(f"{what}; deleted after its term, as a signed line says")
            else:
                problem("segment missing", what)
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        for found in pool.map(CountedSegment if pseudonyms else Segment, [path for _, path in files], [each for each, _ in files]):
            PROBLEMS.extend(found.problems)
            NOTES.extend(f"gap / 缺口: {found.name}: {gap}" for gap in found.gaps)
            before = "0" * 64 if found.number == 1 else signed.get(found.number - 1, {}).get("header")
            if before and found.first and found.first != before:
                problem("segment moved", f"{found.name}: it does not follow the segment before it")
            PROBLEMS.extend(found.against(signed.get(found.number)))
            records += found.records
    return len(files), records


def in_force(history: list[dict], since: str, until: str) -> list[dict]:
    applied: list[dict] = []
    for line in history:
        if "refused" in line and applied and applied[-1].get("generation") == line.get("generation"):
            applied.pop()
        elif "sources" in line:
            applied.append(line)
    ends = [str(line.get("time")) for line in applied[1:]] + ["~"]
    return [line for line, end in zip(applied, ends) if str(line.get("time")) <= until and end > since]


def check_named(folder: Path, wanted: str, what: str, kind: str, excused: bool) -> None:
    """A file of folder begins with the first digits of its SHA-256."""
    files = list(folder.glob(wanted[:16] + "-*")) if re.fullmatch("[0-9a-f]{64}", wanted) else []
    if not files and excused:
        NOTES.append(f"was not to be had when this was made: {what}")
    elif not files:
        problem("policy missing" if kind == "policy changed" else "file missing", what)
    for path in files:
        if sum_of(path) != wanted:
            problem(kind, f"{folder.name}/{path.name}: it has another SHA-256 than {what}")


def check_policies(root: Path, manifest: dict, history: list[dict]) -> int:
    missing, known = "\n".join(manifest.get("missing", [])), set()
    for paper in (paper for line in parsed((root / "lines.json").read_bytes()).get("lines", []) for paper in line.get("papers", [])):
        known.add(wanted := str(paper.get("sha256")))
        what = f"the paper {paper.get('file')}"
        check_named(root / "papers", wanted, what, "paper changed", what in missing)
    policies = in_force(history, str(manifest.get("since")), str(manifest.get("until")))
    for policy, source in ((policy, source) for policy in policies for source in policy["sources"]):
        wanted = str(source.get("sha256"))
        # Of fetched lists no copies are kept; with pseudonyms no source that may name people is in it.
        if source.get("kind") != "feed" and manifest.get("pseudonyms") is not True and wanted not in known:
            known.add(wanted)
            check_named(root / "policy/sources", wanted, f"{source.get('path')} of generation {policy.get('generation')}",
                        "policy changed", wanted in missing)
    return len(policies)


def check_manifest(root: Path, key: Key, heads: list[dict]) -> dict:
    text, line = (root / "MANIFEST.json").read_bytes(), (root / "MANIFEST.signed").read_bytes().rstrip(b"\n")
    manifest, said = parsed(text), parsed(line)
    if said.get("kind") != "evidence" or not key.signed(line):
        problem("other key", "MANIFEST.signed: it was changed, or another key signed it")
    elif said.get("sha256") != sha256(text):
        problem("manifest changed", "MANIFEST.json: it is not the one that was signed")
    last = (root / "log/heads.jsonl").read_bytes().split(b"\n")[-2:-1]
    if heads and number(said.get("line")) == number(heads[-1].get("line")) + 1 and said.get("previous") != sha256(last[0]):
        problem("line changed", "log/heads.jsonl: its last line is not the one that MANIFEST.signed follows")
    listed = {"MANIFEST.json", "MANIFEST.signed"}
    for entry in manifest.get("files", []):
        listed.add(name := str(entry.get("path")))
        path = root / name
        if name.startswith("/") or ".." in name.split("/") or not path.is_file() or path.is_symlink():
            problem("file missing", name)
        elif (path.stat().st_size, sum_of(path)) != (entry.get("bytes"), entry.get("sha256")):
            problem("file changed", f"{name}: it is not the one that MANIFEST.json lists")
    for path in sorted(root.rglob("*")):
        if (path.is_symlink() or not path.is_dir()) and path.relative_to(root).as_posix() not in listed:
            problem("foreign file", path.relative_to(root).as_posix())
    return manifest


def check(root: Path, fingerprint: str) -> str:
    key = Key(root / "log/log.pub")
    if fingerprint and fingerprint.lower() != key.fingerprint:
        problem("other key", f"log/log.pub: its fingerprint is {key.fingerprint}")
    heads = check_sealed(root, "log/heads", "log/log.pub")
    manifest = check_manifest(root, key, heads)
    history = check_sealed(root, "policy/history", "policy/history.pub")
    segments, records = check_log(root, manifest, heads)
    policies = check_policies(root, manifest, history)
    if manifest.get("pseudonyms") is True:
        NOTES.append("with pseudonyms: no record is missing; what each says cannot be checked / 假名：没有缺少记录，内容无法核对")
    return (f"{records:,} records in {segments} segments, {policies} policies, {manifest.get('since')} to {manifest.get('until')}; "
            f"signed by the key {key.fingerprint}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks the evidence of a Sluice gateway. 校验 Sluice 网关的证据。")
    parser.add_argument("folder", nargs="?", default=os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--fingerprint", default="", help="of the log's key, as it came by another way / 另行取得的密钥指纹")
    options = parser.parse_args()
    root = Path(options.folder)
    lacks = [tool for tool in ("openssl", "zstd") if not shutil.which(tool)]
    if lacks or not (root / "log").is_dir():
        print(f"verify.py: there is no {' and no '.join(lacks)} here / 缺少工具" if lacks else
              f"verify.py: {root} holds no evidence / 不是证据目录", file=sys.stderr)
        return 2
    summary = "not all could be checked / 未能全部核验"
    try:
        summary = check(root, options.fingerprint)
    except FileNotFoundError as error:
        problem("file missing", str(error.filename))
    except OSError as error:
        print(f"verify.py: {error}", file=sys.stderr)
        return 2
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        problem("file changed", f"something is not written as it was made: {error!r}")
    for text in NOTES[:SHOWN] + [f"{kind} / {KINDS[kind]}: {what}" for kind, what in PROBLEMS[:SHOWN]]:
        print(text if text.isprintable() else ascii(text)[1:-1])
    if PROBLEMS:
        print(f"ALTERED / 被更改: {len(PROBLEMS)} problems / 处; {summary}")
        return 1
    print(f"AS IT WAS MADE / 与制作时一致: {summary}")
    if not options.fingerprint:
        print("Compare the key's fingerprint with one that came by another way. 请另行取得密钥指纹并核对。")
    return 0


if __name__ == "__main__":
    sys.exit(main())
