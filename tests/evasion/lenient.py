#!/usr/bin/python3
# evasion: Python's own HTTP server, which reads much that nginx refuses; it logs the host of each request.
"""lenient.py PORT LOG"""
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        host = (self.headers.get("Host") or "nobody").strip().lower()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with open(sys.argv[2], "a") as log:
            log.write(f"{self.client_address[0]} {self.client_address[1]} {host!r} {self.path!r}\n")
        page = f"this is {host}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    do_GET = do_POST = answer

    def log_message(self, *_) -> None:
        pass


class Server(ThreadingHTTPServer):
    address_family = socket.AF_INET
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    Server(("", int(sys.argv[1])), Handler).serve_forever()
