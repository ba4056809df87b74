"""Webhooks as the vendors send and sign them, made without the product's code."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

KEYS: Final = {
    "bamboohr": ["bamboohr-key-0001", "bamboohr-key-0002"],
    "hibob": ["hibob-key-000001", "hibob-key-000002"],
    "deel": ["deel-key-0000001", "deel-key-0000002"],
    "merge": ["merge-key-000001", "merge-key-000002"],
}


def _bamboohr(key: bytes, body: bytes, ago: timedelta = timedelta()) -> dict[str, str]:
    at = str(int((datetime.now(UTC) - ago).timestamp()))
    return {
        "X-BambooHR-Timestamp": at,
        "X-BambooHR-Signature": hmac.new(key, body + at.encode(), hashlib.sha256).hexdigest(),
    }


def _hibob(key: bytes, body: bytes) -> dict[str, str]:
    return {"Bob-Signature": base64.b64encode(hmac.new(key, body, hashlib.sha512).digest()).decode()}


def _deel(key: bytes, body: bytes) -> dict[str, str]:
    return {"x-deel-signature": hmac.new(key, b"POST" + body, hashlib.sha256).hexdigest()}


def _merge(key: bytes, body: bytes) -> dict[str, str]:
    return {
        "X-Merge-Webhook-Signature": base64.urlsafe_b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()
    }


_SCHEMES: Final[Mapping[str, Callable[[bytes, bytes], dict[str, str]]]] = {
    "bamboohr": _bamboohr,
    "hibob": _hibob,
    "deel": _deel,
    "merge": _merge,
}


def signature(vendor: str, body: bytes, key: str | None = None) -> dict[str, str]:
    """Return the headers with which a vendor signs a body now."""
    return _SCHEMES[vendor]((key or KEYS[vendor][0]).encode(), body)


def signed_before(body: bytes, ago: timedelta) -> dict[str, str]:
    """Return the headers with which BambooHR signed a body some time ago; no other vendor signs a time."""
    return _bamboohr(KEYS["bamboohr"][0].encode(), body, ago)


def exit_of(vendor: str, employee: str, day: str, event: str = "1") -> Any:
    """Return what a vendor sends when somebody leaves; HiBob says no day."""
    match vendor:
        case "bamboohr":
            fields = {"terminationDate": day, "First Name": "Jane"}
            one = {"action": "Updated", "changedFields": ["terminationDate"], "fields": fields, "id": employee}
            return {"employees": [one | {"timestamp": "2026-01-31T18:42:00+0000"}]}
        case "hibob":
            said = {"companyId": 636192, "type": "employee.left", "triggeredBy": "system", "version": "v2"}
            return said | {"triggeredAt": f"2026-01-31T00:00:0{event}.1", "data": {"employeeId": employee}}
        case "deel":
            meta = {"event_type": "contract.terminated", "tracking_id": f"{employee}-{event}"}
            resource = {"id": employee, "completion_date": f"{day}T00:00:00.000Z"}
            return {"data": {"meta": meta, "resource": resource}, "timestamp": "2026-01-31T08:32:52.119Z"}
        case _:
            hook = {"id": "cb1fe0a7-c2a1-4bd6-8cf5-57e70c7f1d53", "event": "Employee.changed"}
            data = {"id": "0958cbc6", "employee_number": employee, "termination_date": f"{day}T00:00:00Z"}
            return {"hook": hook, "linked_account": {"id": "a3602c03"}, "data": data | {"first_name": "Jane"}}


def encoded(payload: Any) -> str:
    """Return the body of a webhook."""
    return json.dumps(payload)
