"""The load generator: signed requests to the real intake at a rate, and a log that is on the disk before they leave.

A request is repeated with its own id until it is answered for good. Whoever has resigned waits for the answer before
the next step of the case, as an HR system does.
"""

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import httpx2
from standardwebhooks import Webhook

from tests.chaos.company import Company
from tests.chaos.scripts import FACT_OF, Move, Step
from tests.checker.folder import as_json
from tests.checker.history import Submission

_SECONDS: Final = 5.0
_PAUSE: Final = 0.3  # seconds between two attempts
_FOR_GOOD: Final = {202, *range(400, 500)}
_ATTEMPTS: Final = 100  # after which a refusal that may pass counts as one for good
_ASK_AGAIN: Final = frozenset({401, 408, 409, 425, 429})
_OUTCOMES: Final[Mapping[Move, str]] = {"confirm": "CONFIRMED", "retain": "RETAINED"}


class SubmissionLog:
    """The log, one line per step of handing something in; each is on the disk when `write` returns."""

    def __init__(self, file: Path) -> None:
        self._handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, line: Submission) -> None:
        """Append a line durably."""
        os.write(self._handle, f"{as_json(line)}\n".encode())
        os.fsync(self._handle)

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


class Load(threading.Thread):
    """Carries the scripts out on a thread of its own.

    Args:
        url: of the intake, through its proxy.
        secret: what requests are signed with.
        company: who resigns.
        scripts: what each of them does.
        rate: requests a second that begin, at most.
        log: where it is written down.
        seed: chooses the ids of the requests.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        company: Company,
        scripts: Mapping[str, Sequence[Step]],
        rate: float,
        log: SubmissionLog,
        seed: int,
    ) -> None:
        super().__init__(name="load", daemon=True)
        self._url = url
        self._webhook = Webhook(secret)
        self._company = company
        self._scripts = scripts
        self._interval = 1 / rate
        self._log = log
        self._seed = seed
        self._next = 0.0
        self.planned = sum(len(steps) for steps in scripts.values())
        self.accepted = 0
        self.repeated = 0
        self.refused = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Send everything; the thread's own entry."""
        try:
            asyncio.run(self._send_all())
        except BaseException as error:  # noqa: BLE001 - told to whoever looks
            self.failure = error
        finally:
            self._log.close()

    async def _send_all(self) -> None:
        async with httpx2.AsyncClient(base_url=self._url, timeout=_SECONDS, trust_env=False) as http:
            await asyncio.gather(*(self._live(http, who, steps) for who, steps in self._scripts.items()))

    async def _live(self, http: httpx2.AsyncClient, who: str, steps: Sequence[Step]) -> None:
        case: str | None = None
        for number, step in enumerate(steps):
            await asyncio.sleep(step.after)
            await self._turn()
            request_id = str(uuid5(NAMESPACE_URL, f"{self._seed}/{who}/{number}"))
            case = await self._submit(http, request_id, who, step, case)

    async def _turn(self) -> None:
        now = time.monotonic()
        self._next = max(now, self._next + self._interval)
        await asyncio.sleep(self._next - now)

    async def _submit(
        self, http: httpx2.AsyncClient, request_id: str, who: str, step: Step, case: str | None
    ) -> str | None:
        """Hand one request in until it is answered for good; return the case."""
        path, body = self._request(who, step, case)
        said: Callable[..., Submission] = lambda name, **more: Submission(  # noqa: E731 - six fields in common
            id=request_id, step=name, at=time.time(), key=who, type=FACT_OF[step.move], **more
        )
        self._log.write(said("submitted", correlation=case))
        for attempt in count(1):
            answer = await self._post(http, path, body, request_id)
            if answer is None or (answer.status_code in _ASK_AGAIN and attempt < _ATTEMPTS):
                self.repeated += 1
                await asyncio.sleep(_PAUSE)
                continue
            if not answer.is_success:
                self._log.write(said("refused", correlation=case))
                self.refused += 1
                return case
            found = answer.json()
            self._log.write(said("accepted", correlation=found["case_id"], sequence=found["case_version"]))
            self.accepted += 1
            return str(found["case_id"])
        raise AssertionError

    def _request(self, who: str, step: Step, case: str | None) -> tuple[str, str]:
        fields: dict[str, Any]
        match step.move:
            case "resign":
                fields = dict(self._company.fields[who])
                if step.restricted:
                    fields["confidentiality"] = "RESTRICTED"
                return "/v1/resignations", json.dumps(fields)
            case "withdraw":
                return f"/v1/cases/{case}/withdrawal", json.dumps({"requested_by": "BOTH"})
            case "move":
                day = datetime.now(UTC).date() + timedelta(days=step.days)
                return f"/v1/cases/{case}/last-working-day", json.dumps({"last_working_day": day.isoformat()})
            case move:
                return f"/v1/cases/{case}/decision", json.dumps({"outcome": _OUTCOMES[move], "decided_by_id": "M00"})

    async def _post(self, http: httpx2.AsyncClient, path: str, body: str, request_id: str) -> httpx2.Response | None:
        """Return the answer, if it is one for good."""
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": request_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(request_id, now, body),
        }
        try:
            answer = await http.post(path, content=body, headers=headers)
        except httpx2.TransportError:
            return None
        return answer if answer.status_code in _FOR_GOOD else None
