"""The intake over HTTP: verify the raw bytes, then parse, then accept; 202 only after the commit.

A signature covers the body and not the route. Therefore a route that changes something takes a JSON object and never
an empty body (what signs a GET cannot withdraw a resignation), and the digest of a request names its route (what was
sent to one case cannot be repeated to another).
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from choreography import Clock
from producers.ems.answers import Answer, Shown
from producers.ems.batch import Batch, answered
from producers.ems.bodies import MAX_BODY, Resignation
from producers.ems.intake import Delivery, Intake
from producers.ems.json_text import NoJson, parsed
from producers.ems.keys import is_own
from producers.ems.openapi import JSON, PATH, document
from producers.ems.problems import misfit, no_json, reserved, too_large
from producers.ems.reception import Reception
from producers.ems.refusals import handlers
from producers.ems.requests import digest_of
from producers.ems.routes import BATCH, CHANGES, RESIGN, SHOW, Change, Operation, of_vendor
from producers.ems.signatures import Signatures
from producers.ems.store import UnknownCase
from producers.ems.strictness import Strictness
from producers.ems.throttle import RATE, Throttle

B = TypeVar("B", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Response]]


def create_app(
    intake: Intake, signatures: Signatures, clock: Clock, *, rate: float = RATE, receptions: Sequence[Reception] = ()
) -> Starlette:
    """Return the application that serves the intake.

    Args:
        intake: accepts what is signed.
        signatures: the secrets of requests.
        clock: tells the time.
        rate: requests a second that each sender may have handled: each secret is one.
        receptions: the vendors whose webhooks are received.
    """
    api = _Api(intake, signatures, Throttle(rate, clock))
    routed: list[tuple[Operation, Handler]] = [
        (RESIGN, api.resign),
        (BATCH, api.batch),
        *((change, api.changing(change)) for change in CHANGES),
        (SHOW, api.case),
        *((of_vendor(one.vendor), api.receiving(one, Throttle(rate, clock))) for one in receptions),
    ]
    described = _describing(json.dumps(document([operation for operation, _ in routed])))
    app = Starlette(
        routes=[
            *(Route(operation.path, handler, methods=[operation.method]) for operation, handler in routed),
            Route(PATH, described, methods=["GET"]),
        ],
        exception_handlers=handlers(),
        middleware=[Middleware(Strictness)],
    )
    app.router.redirect_slashes = False
    return app


class _Api:
    def __init__(self, intake: Intake, signatures: Signatures, throttle: Throttle) -> None:
        self._intake = intake
        self._signatures = signatures
        self._throttle = throttle

    async def resign(self, request: Request) -> Response:
        webhook_id, body = await self._take(request, Resignation)
        return _accepted(await self._intake.resign(Delivery(webhook_id, digest_of(RESIGN.path, body)), body))

    async def batch(self, request: Request) -> Response:
        _, batch = await self._take(request, Batch)
        return Response(await answered(self._intake, batch), media_type=JSON)

    def changing(self, change: Change) -> Handler:
        async def handle(request: Request) -> Response:
            webhook_id, body = await self._take(request, change.takes)
            case_id = _case_id(request)
            delivery = Delivery(webhook_id, digest_of(change.path.format(case_id=case_id), body))
            return _accepted(await change.does(self._intake, delivery, case_id, body))

        return handle

    def receiving(self, reception: Reception, throttle: Throttle) -> Handler:
        async def handle(request: Request) -> Response:
            raw = await _read(request)
            throttle.take(reception.verify(request.headers, raw))
            return _accepted(Answer(await reception.receive(self._intake, raw)))

        return handle

    async def case(self, request: Request) -> Response:
        self._throttle.take(self._signatures.verify(request.headers, await _read(request)).sender)
        shown = Shown.of(await self._intake.case(_case_id(request)))
        return Response(shown.model_dump_json(), media_type=JSON)

    async def _take(self, request: Request, kind: type[B]) -> tuple[str, B]:
        raw = await _read(request)
        webhook_id, sender = self._signatures.verify(request.headers, raw)
        self._throttle.take(sender)
        if is_own(webhook_id):
            raise reserved()
        try:
            parsed(raw)
            return webhook_id, kind.model_validate_json(raw)
        except NoJson as error:
            raise no_json(error) from None
        except ValidationError as error:
            raise misfit(error) from None


def _describing(text: str) -> Handler:
    async def handle(_request: Request) -> Response:
        return Response(text, media_type=JSON)

    return handle


async def _read(request: Request) -> bytes:
    """Return the body; refuse one that is too large before all of it has arrived."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise too_large()
    return bytes(body)


def _case_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["case_id"])
    except ValueError:
        raise UnknownCase from None


def _accepted(answer: Answer) -> Response:
    return Response(answer.text, HTTPStatus.ACCEPTED, media_type=JSON)
