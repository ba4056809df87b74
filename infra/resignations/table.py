"""CSV: the first line that is not blank names the columns, which are the fields of a resignation, in any order.

Columns are parted by commas, semicolons (as spreadsheets do where the comma is a decimal mark) or tabs, whichever the
first line shows. An empty cell means "not given".
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from infra.errors import WrongUsage
from infra.resignations.columns import DAYS, Columns
from infra.resignations.lines import ID, NoResignation, Parse, is_left_behind
from producers.ems.bodies import Resignation as Body

_DELIMITERS: Final = ",;\t"
_FIELDS: Final = (ID, *Body.model_fields)
_REQUIRED: Final = "employee_id"
_KNOWN: Final = f"The columns are: {', '.join(_FIELDS)}. Nothing was sent."
_SEPARATOR: Final = re.compile(r"sep=(.)", re.IGNORECASE)  # as spreadsheets begin a file
_NUMBERS: Final = frozenset({"notice_period_days"})
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")


def table(
    numbered: Iterator[tuple[int, str | NoResignation]],
    columns: Columns = Columns(),  # noqa: B008 - it never changes
    who: Callable[[str], str] = str,
    ignored: Callable[[Sequence[str]], None] = lambda _: None,
) -> Parse:
    """Read the names of the columns; return what reads the lines after it, and `None` of one that does not count.

    Args:
        numbered: the lines.
        columns: what the columns mean, where they are not called as the fields.
        who: finds the employee id of whoever a line names.
        ignored: told the columns that nobody maps, where somebody maps any.

    Raises:
        WrongUsage: they are not the fields of a resignation; no line can be read then.
    """
    number, header = _header(numbered)
    said = _SEPARATOR.fullmatch(header)
    if said:
        number, header = _header(numbered)
    delimiter = said[1] if said else max(_DELIMITERS, key=header.count)
    try:
        written = [name.strip() for name in _cells(header, delimiter)]
    except NoResignation as reason:
        raise WrongUsage(f"Line {number}, which names the columns, cannot be read: {reason}") from reason
    names = _fields(number, written, columns)
    ignored([one for one, name in zip(written, names, strict=True) if name is None and one not in columns.only])
    only = [(written.index(column), value) for column, value in columns.only.items()]

    def parse(line: str) -> Mapping[str, Any] | None:
        cells = _cells(line, delimiter)
        if not any(cell.strip() for cell in cells):
            return None
        cells = _as_many(cells, len(names))
        if any(cells[place].strip() != value for place, value in only):
            return None
        return {
            name: _value(name, cell, columns, who) for name, cell in zip(names, cells, strict=True) if name and cell
        }

    return parse


def _header(numbered: Iterator[tuple[int, str | NoResignation]]) -> tuple[int, str]:
    number, header = next(numbered, (0, None))
    if header is None:
        raise WrongUsage(f"The file is empty. Its first line names the columns, such as: {_REQUIRED},last_working_day")
    if isinstance(header, NoResignation):
        raise WrongUsage(f"Line {number}, which names the columns, cannot be read: {header}")
    return number, header


def _fields(number: int, written: Sequence[str], columns: Columns) -> list[str | None]:
    """Return the field of each column."""
    if strange := sorted(set(columns.names) - set(_FIELDS)):
        raise WrongUsage(f"There is no field {', '.join(strange)}. The fields are: {', '.join(_FIELDS)}.")
    if missing := [one for one in (*columns.names.values(), *columns.only) if one not in written]:
        raise WrongUsage(
            f"Line {number} names the columns, and {', '.join(missing)} is not among them. Nothing was sent."
        )
    called = {column: name for name, column in columns.names.items()}
    names = [called.get(one, one if one in _FIELDS and one not in columns.names else None) for one in written]
    if not columns.given and None in names:  # what it holds is not repeated: without a header the line is somebody's
        strange_at = ", ".join(str(place) for place, name in enumerate(names, 1) if name is None)
        raise WrongUsage(
            f"Line {number} names the columns, and in column {strange_at} it says something else. {_KNOWN} If your "
            f'columns are called otherwise, say how: --columns {_REQUIRED}="Personal-Nr."'
        )
    used = [one for one, name in zip(written, names, strict=True) if name or one in columns.only]
    if twice := sorted({one for one in used if used.count(one) > 1}):
        raise WrongUsage(f"Line {number} names a column twice: {', '.join(twice)}. {_KNOWN}")
    if _REQUIRED not in names:
        raise WrongUsage(f"Line {number} names the columns, and {_REQUIRED} is not among them. {_KNOWN}")
    return names


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        raise NoResignation('The line is not CSV: a quotation mark (") is not closed, or not doubled.') from None


def _as_many(cells: list[str], wanted: int) -> list[str]:
    """Return the cells of a line, without empty ones beyond the last column."""
    if len(cells) < wanted or any(cell.strip() for cell in cells[wanted:]):
        raise NoResignation(f"The line has {len(cells)} columns, and the first line names {wanted}.")
    return cells[:wanted]


def _value(name: str, cell: str, columns: Columns, who: Callable[[str], str]) -> str | int:
    if is_left_behind(cell):
        raise NoResignation(f"In the column of {name} stands what a spreadsheet or a database leaves behind, no value.")
    try:
        if name in DAYS and columns.day:
            return columns.day(cell.strip())
        if name == _REQUIRED:
            return who(cell)
    except NoResignation as reason:
        raise NoResignation(f"{name}: {reason}.") from None
    return int(cell) if name in _NUMBERS and _NUMBER.fullmatch(cell) else cell
