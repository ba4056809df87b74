"""The languages in which mails are written, and days in words.

A language is a folder of templates, named by its code (ISO 639): a further one costs templates, and no code.
"""

import re
from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

DEFAULT: Final = "en"
_WORLDWIDE: Final = {"en": "en_001"}  # the day before the month, as most who write English have it


def language_of(preferred: str | None, known: Collection[str]) -> str:
    """Return the language for SCIM's `preferredLanguage`, such as `de-AT` or `de, en;q=0.5`; English if unknown."""
    first = re.split(r"[-_,;]", (preferred or "").strip().casefold())[0].strip()
    return first if first in known else DEFAULT


def in_words(day: date, language: str) -> str:
    """Return a day such as `Friday, 27 November 2026`."""
    known = date(day.year, day.month, day.day)  # for no day at all, the library says today
    return format_date(known, "full", locale=_WORLDWIDE.get(language, language))


def is_language(code: str) -> bool:
    """Tell whether days can be put into words of this language."""
    try:
        return str(Locale.parse(code)) == code
    except (ValueError, UnknownLocaleError):
        return False


def languages_in(folders: Iterable[Path], names: Iterable[Path]) -> tuple[str, ...]:
    """Return the languages in which one of these folders has one of these templates."""
    found = [one for folder in folders if folder.is_dir() for one in sorted(folder.iterdir()) if is_language(one.name)]
    return tuple(dict.fromkeys(one.name for one in found if any((one / name).is_file() for name in names)))
