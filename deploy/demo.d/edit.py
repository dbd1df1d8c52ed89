#!/usr/bin/env python3
# deploy: edits the policy while a client reads on, and says how long it takes until the first refusal.
"""edit.py APPLY COMMAND...: runs in the lab of deploy/demo; exit 1 where it takes a second or more."""
import subprocess
import sys
import threading
import time

from visits import DIR, WHO, visit

EDIT = """# Appended by the demo while staff reads the news.
rules:
  - {name: no-news-today, from: [staff], to: [news.example], action: block}
"""
MOST_S = 1.0  # from the edit to the first refusal
WAITS_S = 5.0


def main() -> int:
    seen: list[tuple[float, str]] = []
    stop = threading.Event()

    def read_on() -> None:
        while not stop.is_set():
            began = time.monotonic()
            kind = visit("staff", "http://news.example/", resolved=True).kind
            seen.append((time.monotonic() if kind != "page" else began, kind))

    reader = threading.Thread(target=read_on)
    reader.start()
    time.sleep(1)
    edited = time.monotonic()
    (DIR / "policies/90-demo.yaml").write_text(EDIT)
    done = subprocess.run([*sys.argv[1:], "apply", "--reason", "demo: no news today"], capture_output=True, text=True)
    applied = time.monotonic()
    while time.monotonic() < edited + WAITS_S and not any(kind == "403" for _, kind in seen):
        time.sleep(0.005)
    stop.set()
    reader.join()
    pages = sum(kind == "page" for _, kind in seen)
    if done.returncode != 0:
        print("   " + (done.stderr or done.stdout).strip().replace("\n", "; ")[:96])
    first = next((nth for nth, (_, kind) in enumerate(seen) if kind == "403"), None)
    if first is None:
        print(f"✗  policy edited while {WHO['staff']} reads: {pages} pages, and no 403 within {WAITS_S:.0f} s")
        return 1
    # A request that is under way when the policy changes is cut off: a reset, and the next one gets the 403.
    others = [(when, kind) for when, kind in seen[:first] if kind != "page"]
    refused = others[0][0] if others else seen[first][0]
    good = done.returncode == 0 and edited < refused < edited + MOST_S and [kind for _, kind in others] in ([], ["refused"])
    print(f"{'✓' if good else '✗'}  policy edited while {WHO['staff']} reads: {pages} pages,"
          f" {f'{len(others)} cut off, ' if others else ''}a 403"
          f" {(refused - edited) * 1000:.0f} ms later (apply took {(applied - edited) * 1000:.0f})")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
