"""The service as a process of its own, as any service is one: `python -m benchmarks.kit.service GROUP STARTS`.

Its settings come from the environment, with the prefix `BENCH_`. Each effect is a line in a file: process, customer,
and when it happened.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import time_ns
from typing import NamedTuple, Self

from pydantic_settings import SettingsConfigDict

from benchmarks.kit.shop import Ports, packing_and_unpacking
from choreography import ServiceSettings, run


class Settings(ServiceSettings):
    """Where its effects are written down."""

    model_config = SettingsConfigDict(env_prefix="BENCH_")

    effects: Path


class Done(NamedTuple):
    """An effect: whose process made it, for which customer, when (nanoseconds since 1970)."""

    pid: int
    customer: str
    at: int

    @classmethod
    def read(cls, line: str) -> Self:
        """Read a line of the file."""
        pid, customer, at = line.split()
        return cls(int(pid), customer, int(at))


@dataclass(frozen=True)
class FileShelf:
    """A target that is a file, to which every process of the group appends."""

    descriptor: int

    def done(self, customer: str) -> None:
        """Write an effect down."""
        os.write(self.descriptor, f"{os.getpid()} {customer} {time_ns()}\n".encode())


@asynccontextmanager
async def open_ports(settings: Settings) -> AsyncIterator[Ports]:
    """Open the file."""
    descriptor = os.open(settings.effects, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        yield Ports(FileShelf(descriptor))
    finally:
        os.close(descriptor)


def effects_in(file: Path) -> list[Done]:
    """Return what the processes wrote down; a line that is not whole yet is left out."""
    whole, _, _ = file.read_text(encoding="utf-8").rpartition("\n") if file.exists() else ("", "", "")
    return [Done.read(line) for line in whole.splitlines()]


if __name__ == "__main__":
    run(packing_and_unpacking(sys.argv[1], "now" if sys.argv[2] == "now" else "earliest"), open_ports, Settings)
