#!/usr/bin/python3
# evasion: Python's own HTTP server, which reads much that nginx refuses, and OpenSSL without nginx before it; it logs
# the host of each request and the name in each hello.
"""lenient.py PORT LOG [CERTIFICATE KEY]"""
import socket
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def note(client: tuple, name: str) -> None:
    with open(sys.argv[2], "a") as log:
        log.write(f"{client[0]} {name!r}\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        if len(sys.argv) > 3:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*sys.argv[3:5])
            context.sni_callback = lambda connection, name, _: note(self.client_address, name or "nobody")
            self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def answer(self) -> None:
        host = (self.headers.get("Host") or "nobody").strip().lower()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        note(self.client_address, host)
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
