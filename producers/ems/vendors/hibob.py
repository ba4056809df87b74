"""HiBob: webhooks v2 that state a termination.

Source: apidocs.hibob.com, "Employee data webhooks", "Employee terminated" and the changelog entry "Immediate access
revocation", read in 2026. Signature: `Bob-Signature`, base64 HMAC-SHA512 of the body. No time is signed, so a copy can
be sent at any time; the digest of the body is kept as the id of the event, and a copy gets the answer of the first.

Taken are two events, which Bob sends only for a termination whose day has come or lies ahead:
`employee.left` (terminated or on garden leave, whichever is first; at midnight of the effective day) and
`employee.access.revoked.immediately` (a termination flow was completed, with access taken away at once).
The employee id is Bob's (`data.employeeId`); the directory has to know the person by it (`externalId`).

`employee.left` often speaks of an exit that EMS knows of: whoever departed within a month does not resign by it.

Not provided: the last working day (it is open until it is said to `/last-working-day`), time zone, manager, reason.
`employee.inactivated` may be a leave, and updates carry ids only: neither can be a resignation.
"""

import base64
import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from producers.ems.vendors.vendor import Leaver, Payload, Vendor, at, identifier, same

_SIGNATURE: Final = "bob-signature"
_TERMINATIONS: Final = ("employee.left", "employee.access.revoked.immediately")

_OTHER: Final = "This event states no termination."
_NO_ID: Final = "The termination names no employee in data.employeeId."


def _signed(secret: bytes, headers: Mapping[str, str], body: bytes, _now: datetime) -> bool:
    expected = base64.b64encode(hmac.digest(secret, body, "sha512")).decode()
    return same(headers.get(_SIGNATURE, ""), expected)


def _read(payload: Payload) -> Iterator[Leaver | str]:
    if payload.get("type") not in _TERMINATIONS:
        yield _OTHER
        return
    employee_id = identifier(at(payload, "data", "employeeId"))
    yield Leaver(employee_id, last_day=None) if employee_id else _NO_ID


HIBOB: Final = Vendor(name="hibob", title="HiBob", headers=(_SIGNATURE,), signed=_signed, read=_read)
