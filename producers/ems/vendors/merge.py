"""Merge: "changed data" webhooks, which carry the Employee as Merge knows it.

Source: docs.merge.dev, "Merge webhooks sent to you", and help.merge.dev, "Creating webhooks in Merge", read in 2026.
Signature: `X-Merge-Webhook-Signature`, base64url HMAC-SHA256 of the body; its padding does not count. No time is
signed and `hook.id` is that of the subscription, so the person and the day make a repeat a repeat: Merge sends the
whole employee again at every change, with the same termination date in it.

The employee id is `data.employee_number`; the directory has to know the person by it (`externalId`).
`data.termination_date` is taken as the last working day.

Not provided: time zone, and who ended the employment. Manager and others are Merge's own ids, which the directory
does not know, so they are not taken over. Merge sees changes when it syncs, which may be hours after they were made.
"""

import base64
import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from producers.ems.vendors.vendor import Leaver, Payload, Vendor, at, day, identifier, same

_SIGNATURE: Final = "x-merge-webhook-signature"
_EVENTS: Final = ("Employee.added", "Employee.changed")

_OTHER: Final = "This event carries no employee."
_STAYS: Final = "The employee has no termination date."
_NO_ID: Final = "The employee has no employee_number, by which the directory could know the person."


def _signed(secret: bytes, headers: Mapping[str, str], body: bytes, _now: datetime) -> bool:
    expected = base64.urlsafe_b64encode(hmac.digest(secret, body, "sha256")).decode()
    return same(headers.get(_SIGNATURE, "").rstrip("="), expected.rstrip("="))


def _read(payload: Payload) -> Iterator[Leaver | str]:
    if at(payload, "hook", "event") not in _EVENTS:
        yield _OTHER
        return
    employee_id = identifier(at(payload, "data", "employee_number"))
    last_day = day(at(payload, "data", "termination_date"))
    if last_day is None:
        yield _STAYS
    else:
        yield Leaver(employee_id, last_day, event=f"{employee_id} {last_day}") if employee_id else _NO_ID


MERGE: Final = Vendor(name="merge", title="Merge", headers=(_SIGNATURE,), signed=_signed, read=_read)
