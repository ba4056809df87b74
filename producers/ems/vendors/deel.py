"""Deel: the event `contract.terminated`.

Source: developer.deel.com, "Get started with webhooks" and "Event: Contract Terminated", read in 2026. Signature:
`x-deel-signature`, hex HMAC-SHA256 of `POST` and the body. No time of sending is signed; `data.meta.tracking_id` is
the id of the event, or the digest of the body where there is none. Both ids may hold blanks, so they are quoted before
they are joined.

Documented of the event are the contract's `id` and its `completion_date`, which is taken as the last working day. So
the employee id is that of the contract; the directory has to know the person by it (`externalId`).

Not provided: the person's own id, time zone, manager, reason, who ended the contract. `worker.v2.updated` accompanies
every step of an offboarding without saying which, and simulated events are marked: neither can be a resignation.
"""

import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote

from producers.ems.vendors.vendor import Leaver, Payload, Vendor, at, day, identifier, same

_SIGNATURE: Final = "x-deel-signature"

_OTHER: Final = "This event states no termination of a contract."
_SIMULATED: Final = "This event is a simulation."
_INCOMPLETE: Final = "The termination lacks the contract's id or its completion date: it needs reading."


def _signed(secret: bytes, headers: Mapping[str, str], body: bytes, _now: datetime) -> bool:
    return same(headers.get(_SIGNATURE, ""), hmac.new(secret, b"POST" + body, "sha256").hexdigest())


def _read(payload: Payload) -> Iterator[Leaver | str]:
    if at(payload, "data", "meta", "event_type") != "contract.terminated":
        yield _OTHER
        return
    if at(payload, "data", "meta", "is_simulation"):
        yield _SIMULATED
        return
    tracking_id = identifier(at(payload, "data", "meta", "tracking_id"))
    resource = at(payload, "data", "resource")
    for contract in resource if isinstance(resource, list) else [resource]:
        yield _one(contract, tracking_id)


def _one(contract: object, tracking_id: str | None) -> Leaver | str:
    employee_id, last_day = identifier(at(contract, "id")), day(at(contract, "completion_date"))
    if employee_id is None or last_day is None:
        return _INCOMPLETE
    event = " ".join(quote(one, errors="surrogatepass") for one in (tracking_id, employee_id)) if tracking_id else None
    return Leaver(employee_id, last_day, event)


DEEL: Final = Vendor(name="deel", title="Deel", headers=(_SIGNATURE,), signed=_signed, read=_read)
