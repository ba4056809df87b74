"""A client of the intake that signs what it sends: for the command line, the demo, tests and benchmarks.

It is also the example for one's own HR system: three headers and a JSON body are all there is to it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any, Final, Literal, Self
from uuid import UUID, uuid4

import httpx2
from standardwebhooks import Webhook

from infra.errors import Refused, Unreachable

_SECONDS: Final = 10.0
_BUSY: Final = 503


class RequestRefused(Refused):
    """The intake refused a request.

    Attributes:
        status: the HTTP status.
        problem: the RFC 9457 problem that it answered with.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        fields = (f"  {one.get('pointer')}: {one.get('detail')}" for one in problem.get("errors", ()))
        super().__init__("\n".join([str(problem.get("detail", f"The intake answered {status}.")), *fields]))
        self.status = status
        self.problem = dict(problem)


class ResignationHeld(Refused):
    """A resignation waits for a person, because so many came at once.

    Attributes:
        problem: what the intake answered.
    """

    def __init__(self, answer: Mapping[str, Any]) -> None:
        hold = answer.get("hold_id")
        super().__init__(
            f"This resignation is held ({hold}), because so many came at once that it may be a mistake. Nothing is "
            f"done until a person releases it: ems intake release {hold}"
            if answer["status"] == "HELD"
            else "This resignation was held, and a person refused it. If it is real, send it as a new request."
        )
        self.problem = dict(answer)


@dataclass(frozen=True)
class Accepted:
    """What the intake answers once a request is durable."""

    case_id: UUID
    case_version: int
    status: str


class IntakeClient:
    """Sends signed requests to one intake.

    Args:
        url: where the intake listens, such as `http://127.0.0.1:8080`.
        secret: the webhook secret, `whsec_…`, or what signs by it.
    """

    def __init__(self, url: str, secret: str | Webhook) -> None:
        self.url = url
        self._webhook = secret if isinstance(secret, Webhook) else Webhook(secret)
        self._http = httpx2.Client(base_url=url, timeout=_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def resign(self, fields: Mapping[str, object], *, webhook_id: str | None = None) -> Accepted:
        """Submit a resignation: `employee_id`, and any other field of `EmployeeResigned`.

        Raises:
            RequestRefused: the intake said no; nothing was changed.
            ResignationHeld: it waits for a person.
            Unreachable: nobody answered, or the intake cannot store anything now.
        """
        return self._post("/v1/resignations", fields, webhook_id)

    def decide(
        self,
        case_id: UUID | str,
        outcome: Literal["CONFIRMED", "RETAINED"],
        *,
        decided_by_id: str | None = None,
        decided_on: date | None = None,
        webhook_id: str | None = None,
    ) -> Accepted:
        """Make the decision of a case final; raises as `resign` does."""
        fields = {"outcome": outcome, "decided_by_id": decided_by_id, "decided_on": decided_on}
        return self._post(f"/v1/cases/{case_id}/decision", fields, webhook_id)

    def withdraw(
        self,
        case_id: UUID | str,
        *,
        requested_by: str | None = None,
        withdrawn_on: date | None = None,
        webhook_id: str | None = None,
    ) -> Accepted:
        """Take the resignation of a case back; raises as `resign` does."""
        fields = {"requested_by": requested_by, "withdrawn_on": withdrawn_on}
        return self._post(f"/v1/cases/{case_id}/withdrawal", fields, webhook_id)

    def change_last_working_day(
        self, case_id: UUID | str, day: date | None, *, webhook_id: str | None = None
    ) -> Accepted:
        """Move the last working day of a case, or leave it open again (None); raises as `resign` does."""
        return self._post(f"/v1/cases/{case_id}/last-working-day", {"last_working_day": day}, webhook_id)

    def void(
        self,
        case_id: UUID | str,
        reason: Literal["ENTERED_IN_ERROR", "DUPLICATE"],
        *,
        duplicate_of: UUID | str | None = None,
        webhook_id: str | None = None,
    ) -> Accepted:
        """Declare that a case should not exist; raises as `resign` does."""
        return self._post(f"/v1/cases/{case_id}/void", {"reason": reason, "duplicate_of": duplicate_of}, webhook_id)

    def case(self, case_id: UUID | str) -> dict[str, Any]:
        """Return a case as EMS knows it; raises as `resign` does."""
        return self._send("GET", f"/v1/cases/{case_id}", "", None)

    def _post(self, path: str, fields: Mapping[str, object], webhook_id: str | None) -> Accepted:
        answer = self._send("POST", path, json.dumps(fields, default=str), webhook_id)
        if answer["case_id"] is None:
            raise ResignationHeld(answer)
        return Accepted(UUID(answer["case_id"]), answer["case_version"], answer["status"])

    def _send(self, method: str, path: str, body: str, webhook_id: str | None) -> dict[str, Any]:
        try:
            response = self._http.request(method, path, content=body, headers=signed(self._webhook, body, webhook_id))
        except httpx2.TransportError as error:
            raise Unreachable(
                f"The intake at {self.url} does not answer ({type(error).__name__}). Start it with: make up"
            ) from error
        answer = json_of(response)
        if response.status_code == _BUSY:
            raise Unreachable(str(answer.get("detail", "The intake cannot take requests now. Try again later.")))
        if not response.is_success or "case_id" not in answer:  # whatever answers there, it is no intake
            raise RequestRefused(response.status_code, answer)
        return answer


def signed(webhook: Webhook, body: str, webhook_id: str | None = None) -> dict[str, str]:
    """Return the headers of a request that is signed now, under a new id unless one is given."""
    webhook_id, now = webhook_id or str(uuid4()), datetime.now(UTC)
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.sign(webhook_id, now, body),
    }


def json_of(response: httpx2.Response) -> dict[str, Any]:
    """Return the object that was answered; an empty one where it is none."""
    try:
        answer = response.json()
    except ValueError:
        answer = None
    return answer if isinstance(answer, dict) else {}
