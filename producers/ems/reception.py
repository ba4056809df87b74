"""Receiving one vendor's webhooks: verified, read, and taken as resignations or ignored with the reason."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from choreography import Clock
from producers.ems.answers import Accepted, VendorAnswer, Waiting
from producers.ems.bodies import Resignation
from producers.ems.cases import AlreadyOpen
from producers.ems.intake import Delivery, Intake
from producers.ems.json_text import NamedTwice, NoJson, parsed
from producers.ems.keys import own_key
from producers.ems.late import HasLeft, refuse_late
from producers.ems.problems import misfit
from producers.ems.signatures import Unsigned
from producers.ems.store import OtherRequest
from producers.ems.vendors import Leaver, Vendor
from producers.ems.zones import today

_TAKEN: Final[TypeAdapter[Accepted | Waiting]] = TypeAdapter(Accepted | Waiting)
log = structlog.stdlib.get_logger(__name__)


class UnsignedByVendor(Unsigned):
    """No secret that this vendor shares with us signed this webhook.

    Attributes:
        title: the vendor's name.
    """

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self.title = title


class Reception:
    """Receives the webhooks of one vendor.

    Args:
        vendor: whose they are.
        secrets: those that they may be signed with; several at once while they are being exchanged.
        clock: tells the time.
        time_zone: the IANA zone in which a last working day is judged, since no vendor names one.
    """

    def __init__(self, vendor: Vendor, secrets: Sequence[str], clock: Clock, time_zone: str) -> None:
        self.vendor = vendor
        self._secrets = [secret.encode() for secret in secrets]
        self._clock = clock
        self._time_zone = time_zone

    def verify(self, headers: Mapping[str, str], body: bytes) -> int:
        """Return the number of the secret with which the vendor signed this.

        Raises:
            UnsignedByVendor: it did not, or too long ago where it signs a time.
        """
        now = self._clock.now()
        for number, secret in enumerate(self._secrets):
            if self.vendor.signed(secret, headers, body, now):
                return number
        raise UnsignedByVendor(self.vendor.title)

    async def receive(self, intake: Intake, body: bytes) -> str:
        """Take what is a resignation, each on its own; return the answer, as JSON text.

        A webhook that failed half-way can be sent again: whoever was taken before gets the same answer.

        Raises:
            InProgress: another request is in the way.
        """
        findings = self._findings(body)
        digest = hashlib.sha256(body).hexdigest()
        outcomes = [await self._outcome(intake, finding, digest) for finding in findings]
        ignored = [outcome for outcome in outcomes if isinstance(outcome, str)]
        if ignored:
            log.info("vendor.ignored", vendor=self.vendor.name, reasons=sorted(set(ignored)))
        taken = [outcome for outcome in outcomes if not isinstance(outcome, str)]
        return VendorAnswer(taken=taken, ignored=ignored).model_dump_json()

    def _findings(self, body: bytes) -> Sequence[Leaver | str]:
        try:
            payload = parsed(body)
        except NamedTwice as error:
            return [str(error)]
        except NoJson:
            payload = None
        return list(self.vendor.read(payload)) if isinstance(payload, dict) else ["The body is no JSON object."]

    async def _outcome(self, intake: Intake, finding: Leaver | str, digest: str) -> Accepted | Waiting | str:
        if isinstance(finding, str):
            return finding
        if finding.last_day is not None and finding.last_day < today(self._clock.now(), self._time_zone):
            return "The last working day is over; whoever has left cannot resign."
        try:
            body = Resignation(employee_id=finding.employee_id, last_working_day=finding.last_day)
        except ValidationError as error:
            fields = ", ".join(one.pointer for one in misfit(error).details.errors or ())
            return f"EMS does not take what the webhook says in {fields}."
        key = _digest(self.vendor.name, finding.event or f"{digest} {finding.employee_id}")
        delivery = Delivery(own_key(self.vendor.name, key), _digest(body.model_dump_json()))

        def rule(tx: Connection, now: datetime) -> None:
            refuse_late(tx, finding.employee_id, finding.last_day, now)

        try:
            return _TAKEN.validate_json((await intake.resign(delivery, body, rule)).text)
        except (AlreadyOpen, HasLeft) as error:
            return str(error)
        except OtherRequest:
            return "This was taken before; it said something else then, or the person has been erased since."


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
