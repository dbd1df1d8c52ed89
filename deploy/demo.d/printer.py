#!/usr/bin/env python3
# deploy: a printer as offices have them: raw jobs on port 9100, each kept as a file; it says when a job is done.
"""printer.py ADDRESS PORT FOLDER"""
import socketserver
import sys
from pathlib import Path


class Job(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data = b""
        while piece := self.request.recv(65536):
            data += piece
        if data:
            folder = Path(sys.argv[3])
            folder.mkdir(exist_ok=True)
            (folder / f"{len(list(folder.iterdir()))}").write_bytes(data)
            self.request.sendall(b"printed\n")


class Printer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    Printer((sys.argv[1], int(sys.argv[2])), Job).serve_forever()
