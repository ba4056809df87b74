"""The intake under load: validate, commit, answer. Nobody listens to its topic meanwhile.

Requests are signed beforehand and sent over few connections that are kept, so that little of this machine is taken
from the intake.
"""

import asyncio
import json
from datetime import UTC, datetime
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from standardwebhooks import Webhook

from benchmarks.pace import paced
from benchmarks.spread import Spread
from infra.errors import InfraError

_CONNECTIONS: Final = 8
_ACCEPTED: Final = b"HTTP/1.1 202"
_END: Final = b"\r\n\r\n"
_WARM: Final = 100
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def intake_under_load(address: str, secret: str, rate: float, seconds: float) -> Spread:
    """Return how long answers take at `rate` requests a second.

    Args:
        address: `http://host:port`.
        secret: what requests are signed with.
        rate: requests a second.
        seconds: how long that many are sent.

    Raises:
        InfraError: a request was not accepted.
    """
    where = urlsplit(address)
    host, port = str(where.hostname), int(where.port or 80)
    webhook = Webhook(secret)
    requests = [_request(f"{host}:{port}", webhook) for _ in range(_WARM + round(rate * seconds))]
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(_CONNECTIONS):
        free.put_nowait(await asyncio.open_connection(host, port))

    async def send(request: bytes) -> float:
        begun = perf_counter()
        connection = await free.get()
        await _exchange(*connection, request)
        free.put_nowait(connection)
        return (perf_counter() - begun) * 1e3

    times = await paced(rate, send, requests)
    while not free.empty():
        free.get_nowait()[1].close()
    return Spread.of(times[_WARM:])


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
    writer.write(request)
    head = await reader.readuntil(_END)
    if not head.startswith(_ACCEPTED):
        raise InfraError(f"The intake refused a request: {head.partition(_END[:2])[0].decode()}")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))


def _request(host: str, webhook: Webhook) -> bytes:
    webhook_id, now = str(uuid4()), datetime.now(UTC)
    body = json.dumps({"employee_id": f"N-{webhook_id}", "country": "DE"})
    headers = {
        "Host": host,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.sign(webhook_id, now, body),
    }
    lines = ("POST /v1/resignations HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()))
    return "\r\n".join((*lines, "", body)).encode()
