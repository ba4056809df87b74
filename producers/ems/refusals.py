"""Which problem each error becomes; the one place where the errors of the rules meet HTTP."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from producers.ems.cases import AlreadyOpen, CaseError
from producers.ems.intake import InProgress
from producers.ems.problems import FieldProblem, Problem, too_large, unfitting
from producers.ems.reception import UnsignedByVendor
from producers.ems.signatures import Unsigned
from producers.ems.store import OtherRequest, UnknownCase
from producers.ems.throttle import TooMany

log = structlog.stdlib.get_logger(__name__)

Handler = Callable[[Request, Exception], Awaitable[Response]]
Describe = Callable[[Any], Problem]

_STATUS: Final[Mapping[type[CaseError], HTTPStatus]] = {
    UnknownCase: HTTPStatus.NOT_FOUND,
    OtherRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def handlers() -> Mapping[type[Exception], Handler]:
    """Return what the application does with each kind of error."""
    return {kind: _handler(describe) for kind, describe in _described().items()}


def problem_of(error: Exception) -> Problem:
    """Return what is said about an error to whoever sent what led to it."""
    described = _described()
    return next(described[kind] for kind in type(error).__mro__ if kind in described)(error)


def _described() -> Mapping[type[Exception], Describe]:
    return {
        Problem: lambda problem: problem,
        Unsigned: _of_signature,
        UnsignedByVendor: _of_vendor_signature,
        TooMany: _of_rate,
        CaseError: _of_rules,
        HTTPException: _of_route,
        DBAPIError: _of_database,
        NoConnection: _of_database,
        ClientDisconnect: _of_sender,
        Exception: _of_ourselves,
    }


def examples() -> Mapping[HTTPStatus, Problem]:
    """Return a problem of each kind, for the documentation."""
    unfit = [FieldProblem(pointer="#/last_working_day", detail="Value error, write a day as YYYY-MM-DD")]
    return {
        one.status: one
        for one in (
            _of_sender(ClientDisconnect()),
            _of_signature(Unsigned()),
            _of_rules(UnknownCase()),
            _of_route(HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)),
            _of_rules(AlreadyOpen(UUID("0195567a-0000-7000-8000-000000000001"))),
            too_large(),
            unfitting(unfit),
            _of_rate(TooMany(1)),
            _of_ourselves(Exception()),
            _not_stored(),
        )
    }


def _handler(describe: Describe) -> Handler:
    async def handle(_request: Request, error: Exception) -> Response:
        return describe(error).response()

    return handle


def _of_signature(_error: Unsigned) -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "The signature is missing, wrong, or older than five minutes. Sign each request anew with a webhook secret "
        "of this system, as standardwebhooks.com describes, and check this machine's clock.",
        headers={"www-authenticate": "StandardWebhooks"},
    )


def _of_vendor_signature(error: UnsignedByVendor) -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        f"The signature of {error.title} is missing, wrong or too old. Compare the secret that {error.title} shows for "
        "this webhook with the one that EMS was given.",
        headers={"www-authenticate": error.title},
    )


def _of_rate(error: TooMany) -> Problem:
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "This sender sends more requests than EMS takes in a second. Nothing was changed; send this one again after "
        "the time in Retry-After.",
        headers={"retry-after": str(error.seconds)},
    )


def _of_rules(error: CaseError) -> Problem:
    case_id = error.case_id if isinstance(error, AlreadyOpen) else None
    headers = {"retry-after": "1"} if isinstance(error, InProgress) else {}
    return Problem(_STATUS.get(type(error), HTTPStatus.CONFLICT), str(error), headers=headers, case_id=case_id)


def _of_route(error: HTTPException) -> Problem:
    status = HTTPStatus(error.status_code)
    missing = status is HTTPStatus.NOT_FOUND
    return Problem(
        status, "There is nothing at this address." if missing else f"{error.detail}.", headers=error.headers
    )


def _of_database(error: Exception) -> Problem:
    log.warning("request.not_stored", reason=type(getattr(error, "orig", error)).__name__)
    return _not_stored()


def _not_stored() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "EMS cannot write to its database now. Send the same request again later; it counts once.",
        headers={"retry-after": "5"},
    )


def _of_sender(_error: ClientDisconnect) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "The request broke off before all of it had arrived.")


def _of_ourselves(_error: Exception) -> Problem:
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "EMS failed in a way that nobody foresaw. Send the same request again, it counts once; if it fails again, "
        "the log of EMS says why.",
    )
