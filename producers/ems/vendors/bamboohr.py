"""BambooHR: field-based webhooks that post a termination date.

Source: documentation.bamboohr.com/docs/webhooks, /field-based-webhooks and /event-based-webhooks, read in 2026.
Signature: `X-BambooHR-Signature`, lowercase hex HMAC-SHA256 of the body and then `X-BambooHR-Timestamp`, with nothing
in between. The time is seen in the wild as Unix seconds and as ISO 8601; both are taken, within five minutes.

What the webhook carries is for the customer to choose. Have it post `terminationDate` (shown as `Termination Date`),
under its own name. The employee id is BambooHR's; the directory has to know the person by it (`externalId`).

Not provided: an id of the event (so the person and the day make a repeat a repeat), time zone, manager, reason, and
whether somebody resigned or was dismissed. Event-based webhooks carry ids and names of fields only, so they can never
be a resignation. Changes with a date in the future are sent once they take effect.
"""

import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from producers.ems.vendors.vendor import Leaver, Payload, Vendor, at, day, identifier, same

_TOLERANCE: Final = timedelta(minutes=5)
_SIGNATURE: Final = "x-bamboohr-signature"
_TIMESTAMP: Final = "x-bamboohr-timestamp"
_FIELDS: Final = ("terminationDate", "Termination Date")

_IDS_ONLY: Final = "An event without the values of fields says that somebody changed, not how: it needs reading."
_NO_DAY: Final = "No termination date is posted; have the webhook post the field terminationDate."
_NO_ID: Final = "The employee has no id."
_OTHER: Final = "Only an update can be an exit."


def _signed(secret: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    timestamp = headers.get(_TIMESTAMP, "")
    expected = hmac.new(secret, body + timestamp.encode(), "sha256").hexdigest()
    if not same(headers.get(_SIGNATURE, ""), expected):
        return False
    sent = _time(timestamp)
    return sent is not None and abs(now - sent) <= _TOLERANCE


def _time(text: str) -> datetime | None:
    try:
        sent = datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return sent if sent.tzinfo else sent.replace(tzinfo=UTC)


def _read(payload: Payload) -> Iterator[Leaver | str]:
    employees = payload.get("employees")
    if not isinstance(employees, list):
        yield _IDS_ONLY
        return
    for employee in employees:
        yield _one(employee)


def _one(employee: object) -> Leaver | str:
    if at(employee, "action") != "Updated":
        return _OTHER
    posted = (at(employee, "fields", name) for name in _FIELDS)
    last_day = next((found for value in posted if (found := day(at(value, "value") or value))), None)
    if last_day is None:
        return _NO_DAY
    employee_id = identifier(at(employee, "id"))
    return Leaver(employee_id, last_day, event=f"{employee_id} {last_day}") if employee_id else _NO_ID


BAMBOOHR: Final = Vendor(
    name="bamboohr", title="BambooHR", headers=(_SIGNATURE, _TIMESTAMP), signed=_signed, read=_read
)
