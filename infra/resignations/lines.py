"""The lines of a file, each a resignation or a reason why it is none.

A reason names the line and its fields and never a value: what stands in such a file is personal.

A line is one resignation, also in CSV: no field of a resignation holds a line break, and a quotation mark that nobody
closed then spoils its own line and not the rest of the file.

What is sent is a canonical form: the fields in the order of their names, without those that are empty or null. The
idempotency key is derived from it, so the same line is the same request, wherever it stands and whenever it is sent.
A column or member `id` takes the place of the content there.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final
from unicodedata import is_normalized
from uuid import UUID, uuid5

LONGEST: Final = 15_000  # bytes of a line; with its envelope it fits into the 16 KiB that the intake takes
ID: Final = "id"
_NAMESPACE: Final = UUID("6f0d3c5e-9a55-5c0e-8c5b-0e6b1f1b6f0a")
_BOM: Final = b"\xef\xbb\xbf"


_CR: Final = (
    "The line holds a carriage return (CR). If the file ends its lines by that alone, save it with the line ends of "
    "Windows or Unix and send it again."
)
_LEFT_BEHIND: Final = frozenset({"NULL", "(NULL)", "NIL", "NONE", "NAN", "N/A", "UNDEFINED"})
_DAMAGED: Final = re.compile(
    r"=|#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|#+$)|\d[.,]\d+E[+-]?\d+$", re.IGNORECASE
)


class NoResignation(Exception):  # noqa: N818 - reads better without the suffix
    """A line that is no resignation; the message says why, without a value of it."""


@dataclass(frozen=True)
class Resignation:
    """A line that can be sent.

    Attributes:
        number: of the line, from 1.
        id: the idempotency key.
        body: JSON text.
    """

    number: int
    id: str
    body: str


@dataclass(frozen=True)
class BadLine:
    """A line that is no resignation, or that the intake refused.

    Attributes:
        number: of the line, from 1.
        reason: a sentence without any value.
    """

    number: int
    reason: str


Parse = Callable[[str], Mapping[str, Any] | None]


def lines(file: BinaryIO) -> Iterator[tuple[int, str | NoResignation]]:
    """Yield the lines that are not blank, by number, each as text or with the reason why it is none."""
    for number, raw in enumerate(_raw(file), 1):
        if raw is not None and b"\r" in raw:
            yield number, NoResignation(_CR)
        elif raw is None:
            yield number, NoResignation(f"The line is longer than {LONGEST} bytes, which no resignation is.")
        elif raw.strip():
            try:
                yield number, raw.decode()
            except UnicodeDecodeError:
                yield number, NoResignation("The line is not UTF-8. Save the file as UTF-8 and send it again.")


def resignations(numbered: Iterator[tuple[int, str | NoResignation]], parse: Parse) -> Iterator[Resignation | BadLine]:
    """Yield what each line says, or why it says nothing."""
    for number, line in numbered:
        try:
            if isinstance(line, NoResignation):
                raise line
            if (said := parse(line)) is not None:
                yield _resignation(number, said)
        except NoResignation as reason:
            yield BadLine(number, str(reason))


def is_left_behind(text: str) -> bool:
    """Return whether this is what spreadsheets and databases write where they have no value, or have spoilt one."""
    return text.strip().upper() in _LEFT_BEHIND or _DAMAGED.match(text.strip()) is not None


def parse_json(line: str) -> Mapping[str, Any]:
    """Read a line of JSON.

    Raises:
        NoResignation: it is no JSON object, or names a member twice.
    """
    try:
        said = json.loads(line, object_pairs_hook=_members)
    except RecursionError:
        raise NoResignation("The line is nested too deeply: a resignation is one object of plain values.") from None
    except ValueError as error:
        where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise NoResignation(f"The line is not JSON: what stands{where} cannot be read.") from None
    if not isinstance(said, dict):
        raise NoResignation("The line is no JSON object. Write one object for each resignation, in one line.")
    return said


def _resignation(number: int, said: Mapping[str, Any]) -> Resignation:
    given = {name: value for name, value in said.items() if value is not None}
    name = given.pop(ID, None)
    if not isinstance(name, str | None) or name == "":
        raise NoResignation(
            "The id is no text. Leave it out, or give each resignation a text that is its own for ever."
        )
    _check_employee(given.get("employee_id"))
    try:
        body = json.dumps(given, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        body.encode()
    except (UnicodeEncodeError, RecursionError):
        raise NoResignation("The line holds something that is no text, or is nested too deeply.") from None
    return Resignation(number, str(uuid5(_NAMESPACE, body if name is None else f"id:{name}")), body)


def _check_employee(employee_id: object) -> None:
    """Refuse an id that would open somebody else's case, or one more of the same person."""
    if not isinstance(employee_id, str):
        return
    if is_left_behind(employee_id):
        raise NoResignation("In employee_id stands what a spreadsheet or a database leaves behind, no id.")
    if not is_normalized("NFC", employee_id):
        raise NoResignation(
            "The employee_id is written with letters and accents apart (Unicode NFD), so it would be another id than "
            "the same one written together. Save the file in the form NFC and send it again."
        )


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise NoResignation("The line names a member twice, and it cannot be told which of them counts.")
    return members


def _raw(file: BinaryIO) -> Iterator[bytes | None]:
    """Yield the lines without their ends; None for one that is too long, which is not kept in memory."""
    prefix = _BOM
    while begin := file.readline(LONGEST + len(_BOM) + 2):
        end, is_whole = begin, True
        while not end.endswith(b"\n") and (end := file.readline(LONGEST)):
            is_whole = False
        text, prefix = begin.removeprefix(prefix).rstrip(b"\r\n"), b""
        yield text if (is_whole and len(text) <= LONGEST) or b"\r" in text else None
