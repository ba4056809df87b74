"""Every mail that this service can write, as examples that its templates are tried with at the start."""

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Final

from consumers.notification.case import Obstacle
from schemas.access import BlockFailureCause, NotRestoredCause
from schemas.notification import AccessMatter, NotificationKind

TEMPLATES: Final = Path(__file__).parent / "templates"
_DAY: Final = date(2026, 11, 27)
_RECIPIENTS: Final[tuple[Mapping[str, object], ...]] = tuple(
    {"role": role, "recipient": name, "withheld": withheld, "manager_told": told, "has_left": told, "problem": problem}
    for role, name, withheld, told, problem in (
        ("MANAGER", "Ben", False, False, ""),
        ("SKIP_LEVEL", "Cleo", False, True, ""),
        ("HR", "", True, False, ""),
        ("HR", "", True, True, ""),
        ("HR", "", False, False, "PERSON_NOT_FOUND"),
        ("HR", "", False, False, "PERSON_AMBIGUOUS"),
    )
)
_COMMON: Final = {"employee_id": "E1", "case": "0", "short_case": "0"}


def every_mail() -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield template and words of each."""
    yield from (("letter", words) for words in _letters())
    yield from (("access", words) for words in _accesses())


def _letters() -> Iterator[Mapping[str, object]]:
    kinds = [kind for kind in NotificationKind if kind is not NotificationKind.UNKNOWN]
    people_and_days = (("Ana", _DAY), ("", None))
    reasons = ((True, False), (False, True), (False, False))  # somebody was passed over; an earlier mail is answered
    for kind, (name, day), recipient, (passed_over, follows) in product(kinds, people_and_days, _RECIPIENTS, reasons):
        yield {
            **_COMMON,
            **recipient,
            "kind": str(kind),
            "name": name,
            "submitted_on": day,
            "last_working_day": day,
            "follows": follows,
            "passed_over": [
                {"role": role, "name": name, "obstacle": str(one)}
                for one in Obstacle
                for role in ("MANAGER", "SKIP_LEVEL")
                if passed_over
            ],
        }


def _accesses() -> Iterator[Mapping[str, object]]:
    matters: list[tuple[AccessMatter, StrEnum, bool]]
    matters = [(AccessMatter.NOT_BLOCKED, *one) for one in product(BlockFailureCause, (False, True))]
    matters += [(AccessMatter.NOT_RESTORED, cause, False) for cause in NotRestoredCause]
    for (matter, cause, partly), name, departed in product(matters, ("Ana", ""), (True, False)):
        alone = departed and (partly or matter is AccessMatter.NOT_RESTORED)  # nothing but what was not proven
        yield {
            **_COMMON,
            "name": name,
            "matter": str(matter),
            "system": "directory",
            "cause": str(cause),
            "departed": departed,
            "withheld": departed,
            "partly": partly,
            "unproven": ["G3", "G4"] if alone else [],
            "entitlements": [{"id": one, "cause": str(cause)} for one in ([] if alone else ["G1", "G2"])],
            "follows": False,
        }
