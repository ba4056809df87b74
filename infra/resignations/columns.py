"""What the columns of somebody's export mean: which are fields, which rows count, how days and people are written."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml

from infra.errors import WrongUsage
from infra.resignations.lines import NoResignation

MOMENT: Final = "moment"
PEOPLE: Final = ("employee_id", "mail", "user_name")
PROFILES: Final = Path(__file__).with_name("profiles")
DAYS: Final = frozenset({"submitted_on", "last_working_day", "employment_end_date"})
_TOKENS: Final = {"YYYY": r"(?P<Y>\d{4})", "MM": r"(?P<M>\d{2})", "DD": r"(?P<D>\d{2})"}
_LOOSE: Final = {"M": r"(?P<M>\d{1,2})", "D": r"(?P<D>\d{1,2})"}
_MOMENT: Final = re.compile(
    r"(?P<Y>\d{4})-(?P<M>\d{2})-(?P<D>\d{2})T\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_KNOWN: Final = frozenset({"columns", "only", "date_format", "employee_is"})


@dataclass(frozen=True)
class Columns:
    """What the columns of a file mean.

    Attributes:
        names: the column of each field that is called otherwise.
        only: columns by which rows count, each with the one value that does.
        day: reads a day.
        employee_is: what stands in the column of `employee_id`: it, a mail address or a user name.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, str] = field(default_factory=dict)
    day: Callable[[str], str] | None = None
    employee_is: str = "employee_id"

    @property
    def given(self) -> bool:
        """Whether somebody has said which columns there are."""
        return bool(self.names or self.only)


def columns(
    pairs: Sequence[str] = (),
    profile: str | None = None,
    date_format: str | None = None,
    employee_is: str | None = None,
) -> Columns:
    """Put together what a profile says and what is said beside it.

    Args:
        pairs: `field=column` each.
        profile: a file, or the name of one that is shipped.
        date_format: `DD.MM.YYYY` and the like, or `moment`.
        employee_is: one of `PEOPLE`.

    Raises:
        WrongUsage: it cannot be understood.
    """
    told = _read(profile) if profile else {}
    names = {**_texts(told, "columns"), **dict(map(_pair, pairs))}
    written, person = date_format or told.get("date_format"), employee_is or told.get("employee_is", PEOPLE[0])
    if person not in PEOPLE:
        raise WrongUsage(f"What the employee is called by is one of: {', '.join(PEOPLE)}.")
    return Columns(names, _texts(told, "only"), _days(str(written)) if written else None, str(person))


def _pair(text: str) -> tuple[str, str]:
    name, _, column = text.partition("=")
    if not name.strip() or not column.strip():
        raise WrongUsage('--columns is a field and the column that holds it: --columns employee_id="Personal-Nr."')
    return name.strip(), column.strip()


def _read(profile: str) -> Mapping[str, Any]:
    shipped = PROFILES / f"{profile}.yaml"
    try:
        told = yaml.safe_load(
            (shipped if shipped.parent == PROFILES and shipped.is_file() else Path(profile)).read_text()
        )
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise WrongUsage(f"The profile {profile} cannot be read. Shipped is: {', '.join(_shipped())}.") from error
    if not isinstance(told, dict) or set(told) - _KNOWN:
        raise WrongUsage(f"The profile {profile} says something else than: {', '.join(sorted(_KNOWN))}.")
    return told


def _shipped() -> list[str]:
    return sorted(file.stem for file in PROFILES.glob("*.yaml"))


def _texts(told: Mapping[str, Any], name: str) -> dict[str, str]:
    found = told.get(name) or {}
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in (*found, *found.values())):
        raise WrongUsage(f"In the profile, {name} is to be a list of pairs of texts.")
    return found


def _days(written: str) -> Callable[[str], str]:
    """Return what reads a day that is written like this, and refuses any other."""
    pattern = _MOMENT if written == MOMENT else _pattern(written)

    def read(cell: str) -> str:
        found = pattern.fullmatch(cell)
        try:
            return date(*(int(found[part]) for part in "YMD")).isoformat() if found else _refuse(written)
        except ValueError:
            return _refuse(written)

    return read


def _refuse(written: str) -> str:
    raise NoResignation(f"is not a day written as {written}")


def _pattern(written: str) -> re.Pattern[str]:
    parts = re.split("(YYYY|MM|DD|M|D)", written)
    pattern = "".join({**_TOKENS, **_LOOSE}.get(part, re.escape(part)) for part in parts)
    try:
        found = re.compile(pattern, re.ASCII)
    except re.error:  # a part that is named twice
        found = re.compile("")
    if set(found.groupindex) != set("YMD"):
        raise WrongUsage(f"--date-format is YYYY, MM (or M) and DD (or D), such as DD.MM.YYYY, or {MOMENT}.")
    return found
