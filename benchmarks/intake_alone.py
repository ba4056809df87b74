"""The intake on one core, beside one bare Starlette route that commits a row: in turns, at the same rate."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.figures import Figure, plain, spread_figure
from benchmarks.intake import intake_under_load
from benchmarks.spread import Spread
from infra.errors import InfraError
from infra.local.credentials import Credentials

_RATE: Final = 300.0
_SECONDS: Final = 5.0
_ROUNDS: Final = 3
_LIMIT: Final = 10.0  # milliseconds


def intake_figures(
    folder: Path, rate: float = _RATE, seconds: float = _SECONDS, rounds: int = _ROUNDS
) -> Iterator[Figure]:
    """Measure both, in turns, each time on a database of its own; what is printed is the median of the rounds.

    Args:
        folder: where the databases are kept, on a disk and not in memory.
        rate: requests a second.
        seconds: how long each round lasts.
        rounds: how many there are.
    """
    both = [
        [_measured(which, folder / f"intake-{number}", rate, seconds) for which in ("bare", "ours")]
        for number in range(rounds)
    ]
    bare, own = (_middle(spreads) for spreads in zip(*both, strict=True))
    yield spread_figure(f"bare Starlette route, one commit, {rate:g}/s", bare)
    shown = spread_figure(f"request → accepted (202), one core, {rate:g}/s", own)
    yield Figure(shown.name, shown.shown, shown.values, f"p99 ≤ {_LIMIT:g} ms", own.p99 <= _LIMIT)
    yield plain("  its p50 ÷ bare route", own.p50 / bare.p50, "ratio", 2)
    yield plain("  its p99 ÷ bare route", own.p99 / bare.p99, "ratio", 2)


def _middle(spreads: tuple[Spread, ...]) -> Spread:
    return Spread(median(one.p50 for one in spreads), median(one.p99 for one in spreads))


def _measured(which: str, folder: Path, rate: float, seconds: float) -> Spread:
    folder.mkdir(parents=True, exist_ok=True)
    secret = Credentials.of(folder).webhook_secret
    with _server(which, folder) as address:
        return asyncio.run(intake_under_load(address, secret, rate, seconds))


@contextmanager
def _server(which: str, folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.intake_server", which, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:  # on leaving its input ends, so does it, and it is waited for
        try:
            yield _address(process)
        except BaseException:
            process.kill()
            raise


def _address(process: subprocess.Popen[str]) -> str:
    address = process.stdout.readline().strip() if process.stdout else ""
    if not address:
        raise InfraError("The server that was to be measured ended too early; its error is printed above.")
    return address
