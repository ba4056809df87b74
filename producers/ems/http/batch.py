"""Several requests in one: each with an idempotency key of its own, taken or refused for itself, in their order.

They are committed together (see `choreography.database.group_commit`), which is what makes a batch fast: most of what a
request costs is HTTP and the commit.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Annotated, Any

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from producers.ems.answers import Accepted, Answer, Waiting
from producers.ems.http.problems import ProblemDetails, misfit
from producers.ems.http.refusals import problem_of
from producers.ems.intake import Intake
from producers.ems.requests import Envelope, read, take

log = structlog.stdlib.get_logger(__name__)


class Batch(BaseModel):
    """Some requests, each an `Envelope`; one that does not fit is refused for itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    requests: Annotated[list[Any], Field(min_length=1, max_length=200)]


class Told(BaseModel):
    """What became of one request of a batch, as if it had come by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: int = Field(description="The status that it would have been answered with.")
    repeated: bool | None = Field(default=None, description="Of one that was taken: whether it had been before.")
    body: Accepted | Waiting | ProblemDetails
    retry_after: int | None = Field(default=None, description="Seconds after which it may be sent again.")


class BatchAnswer(BaseModel):
    """What became of each request of a batch, in their order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answers: list[Told]


async def answered(intake: Intake, batch: Batch) -> str:
    """Take each request in; return the answers in the same order, as JSON text."""
    found = await asyncio.gather(*(_take(intake, one) for one in batch.requests), return_exceptions=True)
    return json.dumps({"answers": [_told(one) for one in found]})


async def _take(intake: Intake, envelope: object) -> Answer:
    try:
        request = read(Envelope.model_validate_json(to_json(envelope, inf_nan_mode="constants")))
    except ValidationError as error:
        raise misfit(error) from None
    return await take(intake, request)


def _told(found: Answer | BaseException) -> dict[str, object]:
    if isinstance(found, Answer):
        return {"code": 202, "repeated": found.is_repeat, "body": json.loads(found.text)}
    if not isinstance(found, Exception):  # the server is being ended
        raise found
    problem = problem_of(found)
    if problem.status is HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request.failed", exc_info=found)
    told: dict[str, object] = {"code": int(problem.status), "body": problem.members()}
    wait = problem.headers.get("retry-after")
    return told if wait is None else {**told, "retry_after": int(wait)}
