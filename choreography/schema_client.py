"""The schema registry over HTTP: Confluent's API, whoever serves it."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from choreography.errors import RegistryUnavailable
from choreography.subject import Subject

T = TypeVar("T")
_NOT_KNOWN: Final = 404
_CODES: Final = range(40400, 40500)  # a 404 without one of these does not come from a registry: the address is wrong


class ConfluentRegistry:
    """A `SchemaClient` over Confluent's own client; each call runs in a thread.

    Args:
        url: the base address, such as `http://127.0.0.1:8081/apis/ccompat/v7`.
        seconds: how long to wait for an answer; the client's own default is for ever.
    """

    def __init__(self, url: str, *, seconds: float = 5.0) -> None:
        self._client = SchemaRegistryClient({"url": url, "timeout": seconds, "max.retries": 0})

    async def id_of(self, subject: Subject) -> int | None:
        """Look up the id of our schema under its subject; `None` if it is not registered there. Never registers."""
        schema = Schema(subject.schema)
        return await self._ask(lambda: _number(self._client.lookup_schema(subject.name, schema).schema_id))

    async def schema(self, schema_id: int) -> str | None:
        """Return the schema of an id; `None` if the registry does not know the id."""
        return await self._ask(lambda: self._client.get_schema(schema_id).schema_str or "")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    async def _ask(self, question: Callable[[], T]) -> T | None:
        return await asyncio.to_thread(self._answer, question)

    def _answer(self, question: Callable[[], T]) -> T | None:
        self._client.clear_caches()  # type: ignore[no-untyped-call]  # `Schemas` keeps what counts; here an emptied registry must be noticed
        try:
            return question()
        except SchemaRegistryError as error:
            if error.http_status_code == _NOT_KNOWN and error.error_code in _CODES:
                return None
            raise _unavailable(f"it answered {error.http_status_code}") from error
        except Exception as error:  # no answer, or not a registry's: httpx and json raise kinds of their own
            raise _unavailable(type(error).__name__) from error


def _number(schema_id: object) -> int:
    if not isinstance(schema_id, int):
        raise TypeError("the answer holds no id")
    return schema_id


def _unavailable(why: str) -> RegistryUnavailable:
    return RegistryUnavailable(
        f"The schema registry cannot be asked ({why}). Nothing is lost: it is asked again. Check that it runs and "
        "that the schema registry URL of the settings is its address."
    )
