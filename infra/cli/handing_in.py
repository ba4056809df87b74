"""Handing in a file of resignations: what is bad is said at once, and at the end what became of all lines."""

import asyncio
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, Final, Literal

import typer

from infra.cli.counting import counting
from infra.cli.intake import Address
from infra.cli.shown import shown
from infra.errors import InfraError, Interrupted, WrongUsage
from infra.resignations.lines import BadLine, Resignation, lines, parse_json, resignations
from infra.resignations.sending import Sending, Tally
from infra.resignations.table import table

_STDIN: Final = Path("-")
_SUFFIXES: Final[dict[str, Literal["csv", "jsonl"]]] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_AGAIN: Final = "What was accepted stays so. Run the same command again: no line counts twice."
_LONGEST: Final = 2_000  # characters of what is said about a line
_CHUNK: Final = 1 << 20


def hand_in(file: Path, format_: Literal["csv", "jsonl"] | None, where: Address, output: str) -> None:
    """Send each line of a file to the intake; exit with 1 where a line was bad.

    Raises:
        WrongUsage: the file cannot be read, or nobody says what it is.
        Unreachable: the intake does not answer.
        RequestRefused: it takes nothing of this sender.
    """
    kind = format_ or _SUFFIXES.get(file.suffix.lower())
    if kind is None:
        raise WrongUsage("Say what the file is: --format csv, or --format jsonl (one JSON object in each line).")
    with _opened(file) as source, counting("Sending") as count:
        numbered = lines(source)
        parse = table(numbered) if kind == "csv" else parse_json
        sending = Sending(where.url, where.webhook, _teller(count, _number_of_lines(source)))
        broken = _broken(sending, resignations(numbered, parse))
    _sum_up(sending.tally, output)
    if broken is not None:
        print(_AGAIN, file=sys.stderr)
        raise broken
    if sending.tally.bad:
        raise typer.Exit(1)


def _broken(sending: Sending, said: Iterable[Resignation | BadLine]) -> InfraError | Interrupted | None:
    """Send; return what ended it before its time."""
    try:
        asyncio.run(sending.send(said))
    except (InfraError, Interrupted) as error:
        return error
    return None


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if file == _STDIN:
        yield io.BytesIO(sys.stdin.buffer.read())
        return
    try:
        source = file.open("rb")
    except OSError as error:
        raise WrongUsage(f"{file} cannot be read: {error.strerror}.") from error
    with source:
        yield source


def _number_of_lines(source: BinaryIO) -> int:
    """Count from where the file is read, and go back there."""
    at, count = source.tell(), 0
    while chunk := source.read(_CHUNK):
        count += chunk.count(b"\n")
    source.seek(at)
    return count


def _teller(count: Callable[[str, int, int], None], total: int) -> Callable[[BadLine | None], None]:
    done = 0

    def tell(bad: BadLine | None) -> None:
        nonlocal done
        done += 1
        if bad is not None:
            print(f"line {bad.number}: {shown(bad.reason, _LONGEST)}", file=sys.stderr)
        count("resignations", done, max(done, total))

    return tell


def _sum_up(tally: Tally, output: str) -> None:
    if output == "json":
        told = {**asdict(tally), "lines": tally.lines, "bad": [asdict(one) for one in _in_order(tally)]}
        print(json.dumps(told))
        return
    parts = [f"{tally.opened:,} accepted"]
    parts += [f"{tally.repeated:,} accepted before, so nothing was done"] if tally.repeated else []
    parts += [f"{tally.held:,} held until a person releases them"] if tally.held else []
    parts += [f"{len(tally.bad):,} bad"] if tally.bad else []
    print(f"Lines: {tally.lines:,}. {'; '.join(parts)}.")
    if tally.held:
        print("So many at once may be a mistake. See them: ems intake held")


def _in_order(tally: Tally) -> list[BadLine]:
    return sorted(tally.bad, key=lambda bad: bad.number)
