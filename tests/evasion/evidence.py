# evasion: what the servers say of whom: their own logs, by the client's address.
import json
import re
import time
from collections import defaultdict
from pathlib import Path

WAIT_S = 10


class Evidence:
    """names[client]: every name that a server was asked for, in a hello, a request or a question."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, set[str]] = defaultdict(set)

    def read_until(self, said) -> None:
        """Reads the logs until `said(names)`: the servers write them in the order of what came."""
        until = time.monotonic() + WAIT_S
        while True:
            self.names.clear()
            for read in (self._nginx, self._nginx_pages, self._lenient, self._dnsmasq, self._caddy):
                read()
            if said(self.names) or time.monotonic() > until:
                return
            time.sleep(0.1)

    def add(self, client: str, name: str) -> None:
        self.names[client.removeprefix("[").removesuffix("]")].add(name.lower().rstrip("."))

    def _lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text(errors="replace").splitlines() if path.exists() else []

    def _nginx(self) -> None:
        """The debug log has the name of every hello that OpenSSL has read, also where no request follows."""
        clients = {}
        for line in self._lines("nginx-debug.log"):
            if found := re.search(r"\*(\d+) accept: (\S+):\d+ fd", line):
                clients[found[1]] = found[2]
            elif found := re.search(r'\*(\d+) SSL server name: "(.*?)"', line):
                self.add(clients[found[1]], found[2])

    def _nginx_pages(self) -> None:
        for line in self._lines("nginx-access.log"):
            client, _, name, _ = line.split(" ")
            if name != "nobody":
                self.add(client, name)

    def _lenient(self) -> None:
        for line in self._lines("lenient.log"):
            client, name = line.split(" ", 1)
            self.add(client, name.strip("'").partition(":")[0])

    def _dnsmasq(self) -> None:
        for line in self._lines("dnsmasq-queries.log"):
            if found := re.search(r"query\[\S+\] (.*) from (\S+)$", line):
                self.add(found[2], found[1])

    def _caddy(self) -> None:
        for line in self._lines("caddy.log"):
            if '"matched certificate in cache"' in line:
                said = json.loads(line)
                self.add(said["remote_ip"], said["subjects"][-1])
