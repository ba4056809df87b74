"""The languages in which mails are written, and days in words."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple


class _Calendar(NamedTuple):
    form: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]


_CALENDARS: Final[Mapping[str, _Calendar]] = {
    "en": _Calendar(
        "{weekday}, {day} {month} {year}",
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
         "December"),
    ),
    "de": _Calendar(
        "{weekday}, {day}. {month} {year}",
        ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
        ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
         "Dezember"),
    ),
}  # fmt: skip
LANGUAGES: Final = tuple(_CALENDARS)
DEFAULT: Final = "en"


def language_of(preferred: str | None) -> str:
    """Return the language for SCIM's `preferredLanguage`, such as `de-AT` or `de, en;q=0.5`; English if unknown."""
    first = re.split(r"[-_,;]", (preferred or "").strip().casefold())[0].strip()
    return first if first in _CALENDARS else DEFAULT


def in_words(day: date, language: str) -> str:
    """Return a day such as `Friday, 27 November 2026`."""
    form, weekdays, months = _CALENDARS[language]
    return form.format(weekday=weekdays[day.weekday()], day=day.day, month=months[day.month - 1], year=day.year)
