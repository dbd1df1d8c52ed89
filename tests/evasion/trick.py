# evasion: the register of tricks.
import importlib
from dataclasses import dataclass
from typing import Awaitable, Callable

from client import Play

KINDS = ("tcp", "syn", "overlap", "tls", "http", "bodies", "h2c", "dns", "ip", "link", "quic")


@dataclass(frozen=True)
class Trick:
    name: str
    what: str
    play: Callable[[Play], Awaitable[None]]
    twin: str          # where the gateway refuses the trick itself: what the honest twin does, whose decoys then say the same
    model: str         # the stack that the trick aims at, where that is not Linux; else empty

    @property
    def words(self) -> str:
        return self.what + (f"; honest: {self.twin}" if self.twin else "") + (f"; model: {self.model}" if self.model else "")


tricks: list[Trick] = []


def trick(what: str, *, twin: str = "", model: str = "", name: str = ""):
    """Registers a trick. Its function plays one twin and leaves what the client got in play.outcome."""
    def register(function):
        kind = function.__module__.rpartition(".")[2]
        tricks.append(Trick(f"{kind}/{name or function.__name__.replace('_', '-')}", what, function, twin, model))
        return function
    return register


def load() -> list[Trick]:
    for kind in KINDS:
        importlib.import_module(f"tricks.{kind}")
    return tricks
