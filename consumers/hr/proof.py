"""Every mail that this service can write, as examples that its templates are tried with at the start."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import product
from pathlib import Path
from typing import Final

from schemas.hr import HolidaysKnown, InterviewCancellationCause, InterviewObstacle

TEMPLATES: Final = Path(__file__).parent / "templates"
_DAY: Final = date(2026, 11, 27)
_COMMON: Final = {"case": "0", "short_case": "0"}


def every_mail() -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield template and words of each."""
    yield from (("interview/request", words) for words in _requests())
    for template, cause, day, unreachable in product(
        ("interview/cancel", "interview/task_instead"), InterviewObstacle, (_DAY, None), ("", "E1")
    ):
        told = {"cause": str(cause), "last_working_day": day, "unreachable": unreachable}
        yield template, {**_party(), "is_cancelled": True, **told}
    for name, day in product(("Ana", ""), (_DAY, None)):
        known = {**_COMMON, "to_hr": True, "name": name, "employee_id": "E1", "last_working_day": day}
        for obstacle in InterviewObstacle:
            yield "interview/task", {**known, "is_cancelled": False, "cause": str(obstacle)}
        for reason in InterviewCancellationCause:
            yield "interview/no_task", {**known, "is_cancelled": True, "cause": str(reason)}


def every_line() -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield template and words of what is said in one line."""
    yield from (("interview/title", {"is_cancelled": one}) for one in (True, False))


def _requests() -> Iterator[Mapping[str, object]]:
    times = ((False, None, ""), (True, None, ""), (True, _DAY, "09:00"))
    places = ("", "DE", "DE, BY")
    for (is_moved, day, time), known, place, some in product(times, HolidaysKnown, places, (True, False)):
        yield {
            **_party(),
            "is_moved": is_moved,
            "previous_day": day,
            "previous_time": time,
            "holidays": str(known),
            "place": place,
            "clash": some,
            "for_hr": some,
            "unreachable": "E1" if some else "",
        }


def _party() -> dict[str, object]:
    """Return what every mail to those who take part may say."""
    return {
        **_COMMON,
        "to_hr": False,
        "is_cancelled": False,
        "names": ["Ben", "Ana"],
        "day": _DAY,
        "time": "10:00",
        "zone": "Europe/Berlin",
        "previous_day": None,
        "previous_time": "",
        "minutes": 45,
        "is_moved": False,
        "for_hr": False,
        "clash": False,
        "holidays": "",
        "place": "",
        "cause": "",
        "last_working_day": None,
        "unreachable": "",
    }
