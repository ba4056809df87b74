"""Members of a group as processes: started, watched from outside, killed."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.shop.live import LiveShop, ask, free_port, until

ROOT: Final = Path(__file__).parents[2]
OK: Final = 200


class Member:
    """One process.

    Attributes:
        port: where its health is asked for.
        log: what it wrote.
    """

    def __init__(self, shop: LiveShop, name: str, given: dict[str, Any]) -> None:
        self.port = free_port()
        self.log = shop.folder / f"{name}.log"
        settings = {
            "SYSTEM": shop.system,
            "EFFECTS": shop.folder / "effects",
            "WAIT": shop.folder / "wait",
            "STATE_DIR": shop.folder,
            "KAFKA_BOOTSTRAP_SERVERS": shop.broker.bootstrap_servers,
            "SCHEMA_REGISTRY_URL": shop.broker.registry_url,
            "SESSION_TIMEOUT_MS": 6_000,
            "DRAIN_SECONDS": 10,
            "HEALTH_PORT": self.port,
            "LOG_FORMAT": "json",
        }
        variables = {f"SHOP_{name.upper()}": str(value) for name, value in {**settings, **given}.items()}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.shop.member"], cwd=ROOT, env=os.environ | variables, stderr=log
            )

    def is_ready(self) -> bool:
        """Whether it does its work; fails if it has ended."""
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
        return ask(self.port, "/readyz")[0] == OK

    def end(self, how: signal.Signals = signal.SIGTERM, seconds: float = 60) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(how)
        return self.process.wait(seconds)


@contextmanager
def members(shop: LiveShop) -> Iterator["Members"]:
    """Yield what starts members; end them all at the end."""
    started = Members(shop)
    try:
        yield started
    finally:
        for member in started.all:
            if member.process.poll() is None:
                member.process.kill()
                member.process.wait()


class Members:
    """The members of one test."""

    def __init__(self, shop: LiveShop) -> None:
        self._shop = shop
        self.all: list[Member] = []

    async def start(self, **given: Any) -> Member:
        """Start a member, and return when it is ready."""
        member = self.start_soon(**given)
        await until(member.is_ready)
        return member

    def start_soon(self, **given: Any) -> Member:
        """Start a member."""
        member = Member(self._shop, f"member{len(self.all)}", given)
        self.all.append(member)
        return member

    def effects(self, what: str = "done") -> Counter[str]:
        """How often each effect happened, or began."""
        return Counter(name for kind, name, _ in self._lines() if kind == what)

    def busy(self) -> set[int]:
        """The ids of the processes that had an effect."""
        return {int(pid) for _, _, pid in self._lines()}

    def _lines(self) -> list[list[str]]:
        file = self._shop.folder / "effects"
        return [line.split() for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
