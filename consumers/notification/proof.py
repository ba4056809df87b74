"""Every mail that there can be, written once before the first one is needed: a template that is broken stops the start.

So nobody finds out by the mail that was not sent.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from itertools import product
from pathlib import Path
from traceback import extract_tb
from typing import Final

from jinja2 import TemplateError, TemplateSyntaxError

from choreography import InvalidSettings
from consumers.notification.language import LANGUAGES
from consumers.notification.matter import Obstacle
from consumers.notification.wording import OWN, Templates
from schemas.access import BlockFailureCause, NotRestoredCause
from schemas.notification import AccessMatter, NotificationKind

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


def open_templates(folder: str) -> Templates:
    """Return the templates, with those of a folder in their place, once every mail has been written with them.

    Args:
        folder: the company's own; empty for none.

    Raises:
        InvalidSettings: a file is broken, or would never be used; says which one, and why.
    """
    own = Path(folder) if folder else None
    templates = Templates(own)
    reasons = list(_strangers(own)) if own else []
    reasons += dict.fromkeys(_broken(templates))
    if reasons:
        raise InvalidSettings(tuple(reasons))
    return templates


def _strangers(folder: Path) -> Iterator[str]:
    if not folder.is_dir():
        yield f"EMS_MAIL_TEMPLATES: {folder} is no folder that can be read; make it one, or leave the setting empty."
        return
    known = {file.relative_to(OWN) for file in OWN.rglob("*.*")}
    for file in sorted(folder.rglob("*.*")):
        name = file.relative_to(folder)
        if file.is_file() and name.suffix in (".txt", ".html") and name not in known:
            names = ", ".join(sorted(map(str, known)))
            yield f"EMS_MAIL_TEMPLATES: {file} would never be used; rename it to one of {names}, or remove it."


def _broken(templates: Templates) -> Iterator[str]:
    for language in LANGUAGES:
        for template, words in (*(("letter", one) for one in _letters()), *(("access", one) for one in _accesses())):
            try:
                templates.text(template, language, words)
            except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
                yield f"EMS_MAIL_TEMPLATES: {_place(error)}: {error}. Mend the template; docs/mail-templates.md helps."


def _place(error: Exception) -> str:
    if isinstance(error, TemplateSyntaxError):
        return f"{error.filename or error.name}, line {error.lineno}"
    frames = [one for one in extract_tb(error.__traceback__) if one.filename.endswith((".txt", ".html"))]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else f"{error}"


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
