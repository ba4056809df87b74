"""The intake over HTTP: verify the raw bytes, then parse, then accept; 202 only after the commit.

A signature covers the body and not the route. Therefore a route that changes something takes a JSON object and never
an empty body (what signs a GET cannot withdraw a resignation), and the digest of a request names its route (what was
sent to one case cannot be repeated to another).
"""

from http import HTTPStatus
from typing import Final, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from producers.ems.answers import Answer, shown
from producers.ems.batch import Batch, answered
from producers.ems.bodies import MAX_BODY, Decision, LastWorkingDay, Resignation, Voiding, Withdrawal
from producers.ems.intake import Delivery, Intake
from producers.ems.problems import Problem, misfit
from producers.ems.refusals import handlers
from producers.ems.requests import digest_of
from producers.ems.signatures import Signatures
from producers.ems.store import UnknownCase

B = TypeVar("B", bound=BaseModel)

_JSON: Final = "application/json"


def create_app(intake: Intake, signatures: Signatures) -> Starlette:
    """Return the application that serves the intake."""
    api = _Api(intake, signatures)
    app = Starlette(
        routes=[
            Route("/v1/resignations", api.resign, methods=["POST"]),
            Route("/v1/batch", api.batch, methods=["POST"]),
            Route("/v1/cases/{case_id}/decision", api.decide, methods=["POST"]),
            Route("/v1/cases/{case_id}/withdrawal", api.withdraw, methods=["POST"]),
            Route("/v1/cases/{case_id}/last-working-day", api.change_last_working_day, methods=["POST"]),
            Route("/v1/cases/{case_id}/void", api.void, methods=["POST"]),
            Route("/v1/cases/{case_id}", api.case, methods=["GET"]),
        ],
        exception_handlers=handlers(),
    )
    app.router.redirect_slashes = False
    return app


class _Api:
    def __init__(self, intake: Intake, signatures: Signatures) -> None:
        self._intake = intake
        self._signatures = signatures

    async def resign(self, request: Request) -> Response:
        delivery, body = await self._take(request, Resignation)
        return _accepted(await self._intake.resign(delivery, body))

    async def batch(self, request: Request) -> Response:
        _, batch = await self._take(request, Batch)
        return Response(await answered(self._intake, batch), media_type=_JSON)

    async def decide(self, request: Request) -> Response:
        delivery, body = await self._take(request, Decision)
        return _accepted(await self._intake.decide(delivery, _case_id(request), body))

    async def withdraw(self, request: Request) -> Response:
        delivery, body = await self._take(request, Withdrawal)
        return _accepted(await self._intake.withdraw(delivery, _case_id(request), body))

    async def change_last_working_day(self, request: Request) -> Response:
        delivery, body = await self._take(request, LastWorkingDay)
        return _accepted(await self._intake.change_last_working_day(delivery, _case_id(request), body))

    async def void(self, request: Request) -> Response:
        delivery, body = await self._take(request, Voiding)
        return _accepted(await self._intake.void(delivery, _case_id(request), body))

    async def case(self, request: Request) -> Response:
        self._signatures.verify(request.headers, await _read(request))
        return Response(shown(await self._intake.case(_case_id(request))), media_type=_JSON)

    async def _take(self, request: Request, kind: type[B]) -> tuple[Delivery, B]:
        raw = await _read(request)
        webhook_id = self._signatures.verify(request.headers, raw)
        try:
            body = kind.model_validate_json(raw)
        except ValidationError as error:
            raise misfit(error) from None
        digest = digest_of(request.url.path, raw)
        return Delivery(webhook_id, digest), body


async def _read(request: Request) -> bytes:
    """Return the body; refuse one that is too large before all of it has arrived."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The body is larger than {MAX_BODY} bytes, which no request needs. Nothing was changed.",
                headers={"connection": "close"},
            )
    return bytes(body)


def _case_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["case_id"])
    except ValueError:
        raise UnknownCase from None


def _accepted(answer: Answer) -> Response:
    return Response(answer.text, HTTPStatus.ACCEPTED, media_type=_JSON)
