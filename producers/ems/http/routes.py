"""The table of routes: what each takes, gives and may refuse. Application and OpenAPI document are made of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel

from producers.ems.answers import Accepted, Answer, Shown, VendorAnswer, Waiting
from producers.ems.bodies import Decision, LastWorkingDay, Resignation, Voiding, Withdrawal
from producers.ems.http.batch import Batch, BatchAnswer
from producers.ems.intake import Delivery, Intake
from producers.ems.vendors import Vendor

_ALWAYS: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
_WRITES: Final = _ALWAYS | {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
_OF_CASE: Final = _WRITES | {HTTPStatus.NOT_FOUND}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One route.

    Attributes:
        name: its `operationId`.
        takes: the body; None where there is none, or where a vendor says what it looks like.
        gives: what a success is answered with, one of these.
        status: the status of a success.
        refuses: every other status that can occur.
        example: a body that it takes.
        signed_by: the headers that carry the signature.
    """

    name: str
    method: Literal["GET", "POST"] = "POST"
    path: str
    summary: str
    takes: type[BaseModel] | None = None
    gives: tuple[type[BaseModel], ...] = (Accepted,)
    status: HTTPStatus = HTTPStatus.ACCEPTED
    refuses: frozenset[HTTPStatus] = _OF_CASE
    example: Mapping[str, Any] = field(default_factory=dict)
    signed_by: tuple[str, ...] = ("webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass(frozen=True, kw_only=True)
class Change(Operation):
    """A route that changes a case.

    Attributes:
        takes: the body.
        does: has the intake do it.
    """

    takes: type[BaseModel]
    does: Callable[[Intake, Delivery, UUID, Any], Awaitable[Answer]]


RESIGN: Final = Operation(
    name="resign",
    path="/v1/resignations",
    summary="An employee resigns: open a case.",
    takes=Resignation,
    gives=(Accepted, Waiting),
    refuses=_WRITES,
    example={"employee_id": "E1014", "last_working_day": "2026-06-30", "time_zone": "Europe/Berlin"},
)
BATCH: Final = Operation(
    name="batch",
    path="/v1/batch",
    summary="Several requests in one, each with an id of its own, taken or refused for itself.",
    takes=Batch,
    gives=(BatchAnswer,),
    status=HTTPStatus.OK,
    refuses=_ALWAYS | {HTTPStatus.UNPROCESSABLE_ENTITY},
    example={"requests": [{"id": "hr-1", "type": "resignation", "body": {"employee_id": "E1014"}}]},
)
SHOW: Final = Operation(
    name="show",
    method="GET",
    path="/v1/cases/{case_id}",
    summary="Say where a case stands. The signature is over an empty body.",
    gives=(Shown,),
    status=HTTPStatus.OK,
    refuses=_ALWAYS | {HTTPStatus.NOT_FOUND},
)
CHANGES: Final = (
    Change(
        name="decide",
        path="/v1/cases/{case_id}/decision",
        summary="It is final whether the employee leaves.",
        takes=Decision,
        example={"outcome": "RETAINED", "decided_by_id": "E1001"},
        does=Intake.decide,
    ),
    Change(
        name="withdraw",
        path="/v1/cases/{case_id}/withdrawal",
        summary="Take the resignation back.",
        takes=Withdrawal,
        example={"requested_by": "EMPLOYEE"},
        does=Intake.withdraw,
    ),
    Change(
        name="change_last_working_day",
        path="/v1/cases/{case_id}/last-working-day",
        summary="The last working day moved, became known, or is open again (null).",
        takes=LastWorkingDay,
        example={"last_working_day": "2026-07-31"},
        does=Intake.change_last_working_day,
    ),
    Change(
        name="void",
        path="/v1/cases/{case_id}/void",
        summary="The case should not exist: entered in error, or twice.",
        takes=Voiding,
        example={"reason": "ENTERED_IN_ERROR"},
        does=Intake.void,
    ),
)


def of_vendor(vendor: Vendor) -> Operation:
    """Return the route of a vendor's webhooks."""
    title = vendor.title
    return Operation(
        name=vendor.name,
        path=f"/v1/vendors/{vendor.name}",
        summary=f"A webhook of {title}, as {title} sends it. What is no resignation is ignored, and that is said.",
        gives=(VendorAnswer,),
        refuses=_ALWAYS | {HTTPStatus.CONFLICT},
        signed_by=vendor.headers,
    )
