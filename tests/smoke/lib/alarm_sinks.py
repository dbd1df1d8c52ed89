#!/usr/bin/env python3
# smoke: who is told of alarms: an HTTPS server that keeps what is posted, and a mail server that keeps what is mailed.
"""alarm_sinks.py CERTIFICATE KEY FOLDER: webhook on 127.0.0.1:8443, mail on 127.0.0.1:8465; answers 503 while FOLDER/busy is there"""
import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

certificate, key, folder = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)


def keep(name: str, data: bytes) -> None:
    with (Path(folder) / name).open("ab") as file:
        file.write(data)


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        busy = (Path(folder) / "busy").exists()
        if not busy:
            keep("posted", data)
        self.send_response(503 if busy else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class MailHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        def say(text: str) -> None:
            self.wfile.write(text.encode() + b"\r\n")
        say("220 ready")
        while line := self.rfile.readline():
            command = line[:4].upper()
            if command == b"DATA":
                say("354 go on")
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line)
                keep("mailed", b"".join(lines))
                say("250 taken")
            elif command == b"QUIT":
                return say("221 bye")
            elif command == b"RCPT":
                keep("recipients", line)
                say("250 ok")
            else:
                say("250 ok")


class MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def get_request(self):
        connection, address = super().get_request()
        return context.wrap_socket(connection, server_side=True), address


web = HTTPServer(("127.0.0.1", 8443), Webhook)
web.socket = context.wrap_socket(web.socket, server_side=True)
mail = MailServer(("127.0.0.1", 8465), MailHandler)
threading.Thread(target=mail.serve_forever, daemon=True).start()
(Path(folder) / "ready").touch()
web.serve_forever()
