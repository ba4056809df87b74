"""Handing in a file of resignations: what is bad is said at once, and at the end what became of all lines."""

import asyncio
import codecs
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, Literal

import httpx2
import typer

from infra.cli.counting import counting
from infra.cli.intake import Address
from infra.cli.shown import shown
from infra.errors import InfraError, Interrupted, WrongUsage
from infra.resignations.columns import PEOPLE, Columns
from infra.resignations.directory import Directory
from infra.resignations.lines import BadLine, Resignation, lines, parse_json, resignations
from infra.resignations.sending import Sending, Tally
from infra.resignations.table import table

_STDIN: Final = Path("-")
_SUFFIXES: Final[dict[str, Literal["csv", "jsonl"]]] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_AGAIN: Final = "What was accepted stays so. Run the same command again: no line counts twice."
_LONGEST: Final = 2_000  # characters of what is said about a line
_SHOWN: Final = 5  # lines of a dry run
_SECONDS: Final = 10.0
_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class Export:
    """A file that somebody's HR system wrote.

    Attributes:
        file: it; `-` is the standard input.
        format: what it is; by its suffix, unless given.
        encoding: how its text is written; UTF-8, unless given or begun otherwise.
        columns: what its columns mean.
        directory: address and token of the directory in which people are looked up, where it does not name ids.
    """

    file: Path
    format: Literal["csv", "jsonl"] | None = None
    encoding: str | None = None
    columns: Columns = field(default_factory=Columns)
    directory: tuple[str | None, str | None] = (None, None)

    @contextmanager
    def said(self) -> Iterator[tuple[BinaryIO, Iterator[Resignation | BadLine]]]:
        """Open it; yield it and what its lines say.

        Raises:
            WrongUsage: it cannot be read, or nobody says what it is.
        """
        kind = self.format or _SUFFIXES.get(self.file.suffix.lower())
        if kind is None:
            raise WrongUsage("Say what the file is: --format csv, or --format jsonl (one JSON object in each line).")
        with _opened(self.file) as raw, self._people() as who:
            source = _utf8(raw, self.encoding)
            numbered = lines(source)
            parse = table(numbered, self.columns, who, _name_ignored) if kind == "csv" else parse_json
            yield source, resignations(numbered, parse)

    @contextmanager
    def _people(self) -> Iterator[Callable[[str], str]]:
        url, token = self.directory
        if self.columns.employee_is == PEOPLE[0]:
            yield str
        elif not url or not token:
            raise WrongUsage(
                "The file names people by mail or user name. Say where they are: EMS_SCIM_URL, EMS_SCIM_TOKEN."
            )
        else:
            with httpx2.Client(
                base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=_SECONDS, trust_env=False
            ) as http:
                yield Directory(http, self.columns.employee_is).employee_id


def show_first(export: Export) -> None:
    """Print the first lines as they would be sent; exit with 1 where one is bad."""
    is_bad = False
    with export.said() as (_, said):
        for one in islice(said, _SHOWN):
            if isinstance(one, BadLine):
                print(f"line {one.number}: {shown(one.reason, _LONGEST)}", file=sys.stderr)
                is_bad = True
            else:
                print(f"line {one.number}: {shown(one.body, _LONGEST)}")
    print("Nothing was sent. To send the file, leave --dry-run out.")
    if is_bad:
        raise typer.Exit(1)


def hand_in(export: Export, where: Address, output: str) -> None:
    """Send each line of a file to the intake; exit with 1 where a line was bad.

    Raises:
        WrongUsage: the file cannot be read, or nobody says what it is.
        Unreachable: the intake does not answer.
        RequestRefused: it takes nothing of this sender.
    """
    with export.said() as (source, said), counting("Sending") as count:
        sending = Sending(where.url, where.webhook, _teller(count, _number_of_lines(source)))
        broken = _broken(sending, said)
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


def _utf8(source: BinaryIO, encoding: str | None) -> BinaryIO:
    """Return the same as UTF-8, which it is already unless it begins as UTF-16 or somebody says so."""
    if encoding is None:
        begin = source.read(2)
        source.seek(0)
        encoding = "utf-16" if begin in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else None
    if encoding is None:
        return source
    try:
        return io.BytesIO(source.read().decode(encoding).encode())
    except (LookupError, UnicodeError) as error:
        raise WrongUsage(f"The file is not written in {encoding}. Say in which encoding: --encoding cp1252") from error


def _name_ignored(names: Sequence[str]) -> None:
    if names:
        print(f"Columns that nobody maps are ignored: {shown(', '.join(names), _LONGEST)}", file=sys.stderr)


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
