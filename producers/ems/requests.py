"""Requests that do not come by a route of their own: what is asked for, and about which case, stands beside the body.

The bodies are those of the routes, and so is the digest: one request that comes by both ways counts once.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import to_json

from producers.ems.answers import Answer
from producers.ems.bodies import Decision, LastWorkingDay, Resignation, Voiding, Withdrawal
from producers.ems.intake import Delivery, Intake
from producers.ems.keys import is_own

Kind = Literal["resignation", "withdrawal", "decision", "last-working-day", "void"]
RequestId = Annotated[str, Field(min_length=1, max_length=256)]

_BODIES: Final[Mapping[Kind, type[BaseModel]]] = {
    "resignation": Resignation,
    "withdrawal": Withdrawal,
    "decision": Decision,
    "last-working-day": LastWorkingDay,
    "void": Voiding,
}


class Envelope(BaseModel):
    """A request and what it is; validated with a key of ours as context, it may have that one.

    Attributes:
        id: the sender's idempotency key; what `webhook-id` is to a request of its own.
        type: what is asked for.
        case_id: of everything but a resignation: about which case.
        body: that of the route.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    id: RequestId
    type: Kind = "resignation"
    case_id: UUID | None = Field(default=None, validate_default=True)
    body: dict[str, Any]

    @field_validator("id")
    @classmethod
    def _not_one_of_ours(cls, said: str, info: ValidationInfo) -> str:
        if is_own(said) and said != info.context:
            raise ValueError("ids that begin with ems: are those of EMS itself")
        return said

    @field_validator("case_id")
    @classmethod
    def _named_unless_it_opens_one(cls, case_id: UUID | None, info: ValidationInfo) -> UUID | None:
        opens = info.data.get("type") == "resignation"
        if case_id is None and not opens and "type" in info.data:
            raise ValueError("say which case it is about")
        if case_id is not None and opens:
            raise ValueError("a resignation opens a case of its own")
        return case_id


_MODELS: Final[Sequence[type[BaseModel]]] = (Envelope, *_BODIES.values())
KNOWN_FIELDS: Final = frozenset(name for model in _MODELS for name in model.model_fields)


@dataclass(frozen=True)
class Request:
    """A request whose body fits.

    Attributes:
        delivery: its idempotency key and digest.
        case_id: None where it opens a case.
        body: one of the routes' bodies.
    """

    delivery: Delivery
    case_id: UUID | None
    body: BaseModel


def read(envelope: Envelope) -> Request:
    """Return the request in an envelope.

    Raises:
        ValidationError: the body is not what this kind of request takes.
    """
    # NaN is written as such, so that it is refused and not left out
    body = _BODIES[envelope.type].model_validate_json(to_json(envelope.body, inf_nan_mode="constants"))
    return Request(Delivery(envelope.id, digest_of(_route(envelope), body)), envelope.case_id, body)


def digest_of(route: str, body: BaseModel) -> str:
    """Return what makes a repeat a repeat: what was asked for, however it was written down, and of which route.

    What is null is as good as left out, so that a field that comes later does not make a new request of an old one.
    """
    return hashlib.sha256(f"{route}\0{body.model_dump_json(exclude_none=True)}".encode()).hexdigest()


async def take(intake: Intake, request: Request) -> Answer:
    """Have a request taken in; return the answer.

    Raises:
        CaseError: the rules refuse; nothing was written.
    """
    match request.body, request.case_id:
        case Resignation() as body, None:
            return await intake.resign(request.delivery, body)
        case Decision() as body, UUID() as case_id:
            return await intake.decide(request.delivery, case_id, body)
        case Withdrawal() as body, UUID() as case_id:
            return await intake.withdraw(request.delivery, case_id, body)
        case LastWorkingDay() as body, UUID() as case_id:
            return await intake.change_last_working_day(request.delivery, case_id, body)
        case Voiding() as body, UUID() as case_id:
            return await intake.void(request.delivery, case_id, body)
    raise TypeError(type(request.body).__name__)


def _route(envelope: Envelope) -> str:
    return "/v1/resignations" if envelope.case_id is None else f"/v1/cases/{envelope.case_id}/{envelope.type}"
