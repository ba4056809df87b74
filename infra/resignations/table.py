"""CSV: the first line that is not blank names the columns, which are the fields of a resignation, in any order.

Columns are parted by commas, semicolons (as spreadsheets do where the comma is a decimal mark) or tabs, whichever the
first line shows. An empty cell means "not given".
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from infra.errors import WrongUsage
from infra.resignations.lines import ID, NoResignation, Parse
from producers.ems.bodies import Resignation as Body

_DELIMITERS: Final = ",;\t"
_FIELDS: Final = (ID, *Body.model_fields)
_REQUIRED: Final = "employee_id"
_NUMBERS: Final = frozenset({"notice_period_days"})
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")


def table(numbered: Iterator[tuple[int, str | NoResignation]]) -> Parse:
    """Read the names of the columns; return what reads the lines after it.

    Raises:
        WrongUsage: they are not the fields of a resignation; no line can be read then.
    """
    number, header = next(numbered, (0, None))
    if header is None:
        raise WrongUsage(f"The file is empty. Its first line names the columns, such as: {_REQUIRED},last_working_day")
    if isinstance(header, NoResignation):
        raise WrongUsage(f"Line {number}, which names the columns, cannot be read: {header}")
    delimiter = max(_DELIMITERS, key=header.count)
    try:
        names = [name.strip() for name in _cells(header, delimiter)]
    except NoResignation as reason:
        raise WrongUsage(f"Line {number}, which names the columns, cannot be read: {reason}") from reason
    _check(number, names)
    return lambda line: _said(names, _cells(line, delimiter))


def _check(number: int, names: Sequence[str]) -> None:
    """Refuse a header; what it holds is not repeated, because without one the first line is somebody's."""
    strange = [str(place) for place, name in enumerate(names, 1) if name not in _FIELDS]
    known = f"The columns are: {', '.join(_FIELDS)}. Nothing was sent."
    if strange:
        raise WrongUsage(
            f"Line {number} names the columns, and in column {', '.join(strange)} it says something else. {known}"
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise WrongUsage(f"Line {number} names a column twice: {', '.join(twice)}. {known}")
    if _REQUIRED not in names:
        raise WrongUsage(f"Line {number} names the columns, and {_REQUIRED} is not among them. {known}")


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        raise NoResignation('The line is not CSV: a quotation mark (") is not closed, or not doubled.') from None


def _said(names: Sequence[str], cells: Sequence[str]) -> Mapping[str, Any]:
    if len(cells) != len(names):
        raise NoResignation(f"The line has {len(cells)} columns, and the first line names {len(names)}.")
    return {name: _value(name, cell) for name, cell in zip(names, cells, strict=True) if cell != ""}


def _value(name: str, cell: str) -> str | int:
    return int(cell) if name in _NUMBERS and _NUMBER.fullmatch(cell) else cell
