"""Sending resignations: in batches, several of which are on their way at once, over connections that are kept."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

import httpx2
from standardwebhooks import Webhook

from infra.errors import InfraError, Unreachable
from infra.intake_client import RequestRefused, json_of, signed
from infra.resignations.lines import BadLine, Resignation

_BATCH: Final = 100  # lines
_BATCH_BYTES: Final = 16_000  # the intake takes 16 KiB
_AT_ONCE: Final = 4
_ENVELOPE: Final = 64  # bytes
_SECONDS: Final = 30.0
PATIENCE: Final = 60.0  # seconds that a batch waits until the intake has time for it
_PAUSE: Final = 1.0  # seconds, where the intake does not say how many
_TAKEN, _OK = 202, 200
_HELD, _REFUSED = "HELD", "REFUSED"
_BUSY: Final = frozenset({429, 503})
_OF_A_LINE: Final = frozenset({413, 422})


@dataclass
class Tally:
    """What became of the lines.

    Attributes:
        opened: how many opened a case.
        repeated: how many had done so before, so that nothing was done now.
        held: how many wait for a person, because so many came at once.
        bad: those that are no resignation, or were refused.
    """

    opened: int = 0
    repeated: int = 0
    held: int = 0
    bad: list[BadLine] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """How many lines came to an end."""
        return self.opened + self.repeated + self.held + len(self.bad)


class Sending:
    """Sends a file.

    Args:
        url: where the intake listens.
        webhook: signs the requests.
        told: called for each line that came to an end: with the reason, where it is bad.
        patience: seconds that a batch waits until the intake has time for it.
    """

    def __init__(
        self, url: str, webhook: Webhook, told: Callable[[BadLine | None], None], patience: float = PATIENCE
    ) -> None:
        self.tally = Tally()
        self._url = url
        self._webhook = webhook
        self._told = told
        self._patience = patience

    async def send(self, lines: Iterable[Resignation | BadLine]) -> None:
        """Send them all; the bad ones are noted, and the good ones go on.

        Raises:
            Unreachable: nobody answers, or not in time.
            RequestRefused: the intake takes nothing of this sender.
        """
        batches = self._batches(lines)
        limits = httpx2.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
        failed: list[Exception] = []
        async with httpx2.AsyncClient(base_url=self._url, timeout=_SECONDS, trust_env=False, limits=limits) as http:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(_AT_ONCE):
                        group.create_task(self._deliver_all(http, batches))
            except* InfraError as errors:
                failed += errors.exceptions
        if failed:
            raise failed[0]

    def _batches(self, lines: Iterable[Resignation | BadLine]) -> Iterator[list[Resignation]]:
        batch: list[Resignation] = []
        size = 0
        for line in lines:
            if isinstance(line, BadLine):
                self._note_bad(line)
                continue
            length = len(line.body.encode()) + len(line.id) + _ENVELOPE
            if batch and (size + length > _BATCH_BYTES or len(batch) == _BATCH):
                yield batch
                batch, size = [], 0
            batch.append(line)
            size += length
        if batch:
            yield batch

    async def _deliver_all(self, http: httpx2.AsyncClient, batches: Iterator[list[Resignation]]) -> None:
        for batch in batches:
            await self._deliver(http, batch)

    async def _deliver(self, http: httpx2.AsyncClient, batch: Sequence[Resignation]) -> None:
        begun = monotonic()
        while batch:
            answers = list(zip(batch, await self._answers(http, batch), strict=True))
            waits = [float(answer["retry_after"]) for _, answer in answers if "retry_after" in answer]
            batch = [line for line, answer in answers if not self._note(line, answer)]
            if batch:
                await self._wait(begun, max(waits))

    async def _wait(self, begun: float, seconds: float) -> None:
        if monotonic() - begun + seconds > self._patience:
            raise Unreachable(f"The intake has had no time for a request for {self._patience:g} seconds.")
        await asyncio.sleep(seconds)

    async def _answers(self, http: httpx2.AsyncClient, batch: Sequence[Resignation]) -> Sequence[Mapping[str, Any]]:
        """Return what each line is answered, with `retry_after` where it is to be sent again after that many seconds.

        Raises:
            Unreachable: nobody answers.
            RequestRefused: the intake takes nothing of this sender, or is none.
        """
        response = await self._post(http, batch)
        code, body = response.status_code, json_of(response)
        if code == _OK and len(body.get("answers", ())) == len(batch):
            return list(body["answers"])
        if code in _BUSY:
            return [{"code": code, "retry_after": _seconds(response)}] * len(batch)
        if code not in _OF_A_LINE:
            raise RequestRefused(code, body)
        if len(batch) == 1:
            return [{"code": code, "body": body}]
        return [(await self._answers(http, [line]))[0] for line in batch]  # one of them spoils the others

    async def _post(self, http: httpx2.AsyncClient, batch: Sequence[Resignation]) -> httpx2.Response:
        requests = ",".join(f'{{"id":"{one.id}","body":{one.body}}}' for one in batch)
        body = f'{{"requests":[{requests}]}}'
        try:
            return await http.post("/v1/batch", content=body, headers=signed(self._webhook, body))
        except httpx2.TransportError as error:
            raise Unreachable(f"The intake at {self._url} does not answer ({type(error).__name__}).") from error

    def _note(self, line: Resignation, answer: Mapping[str, Any]) -> bool:
        """Take note of what became of a line; return whether it came to an end."""
        if "retry_after" in answer:
            return False
        body = answer["body"]
        if answer["code"] != _TAKEN:
            self._note_bad(BadLine(line.number, _reason(answer["code"], body)))
            return True
        if body.get("status") == _REFUSED:
            self._note_bad(BadLine(line.number, "It was held, and a person refused it. If it is real, give it an id."))
            return True
        if body.get("status") == _HELD:
            self.tally.held += 1
        elif answer.get("repeated"):
            self.tally.repeated += 1
        else:
            self.tally.opened += 1
        self._told(None)
        return True

    def _note_bad(self, line: BadLine) -> None:
        self.tally.bad.append(line)
        self._told(line)


def _reason(code: int, problem: Mapping[str, Any]) -> str:
    """Say what is wrong: by field, where fields are."""
    fields = (f"{str(one['pointer'])[2:] or 'the line'}: {one['detail']}" for one in problem.get("errors", ()))
    return "; ".join(fields) or str(problem.get("detail", f"The intake answered {code}."))


def _seconds(response: httpx2.Response) -> float:
    told = response.headers.get("retry-after", "")
    return float(told) if told.isdecimal() else _PAUSE
