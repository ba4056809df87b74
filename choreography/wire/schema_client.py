"""The schema registry over HTTP: Confluent's API, whoever serves it."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from choreography.errors import InvalidSettings, RegistryUnavailable
from choreography.wire.subject import Subject

T = TypeVar("T")
_NOT_KNOWN: Final = 404
_CODES: Final = range(40400, 40500)  # a 404 without one of these does not come from a registry: the address is wrong


class SchemaClient(Protocol):
    """What is needed of a schema registry. Every failure but "not known" raises `RegistryUnavailable`."""

    async def id_of(self, subject: Subject) -> int | None:
        """Look up the id of our schema under its subject; `None` if it is not registered there. Never registers."""
        ...

    async def schema(self, schema_id: int) -> str | None:
        """Return the schema of an id; `None` if the registry does not know the id."""
        ...


class ConfluentRegistry:
    """A `SchemaClient` over Confluent's own client; each call runs in a thread.

    Args:
        url: the base address, such as `http://127.0.0.1:8081/apis/ccompat/v7`.
        seconds: how long to wait for an answer; the client's own default is for ever.

    Raises:
        InvalidSettings: this is no address.
    """

    def __init__(self, url: str, *, seconds: float = 5.0) -> None:
        try:
            self._client = SchemaRegistryClient({"url": url, "timeout": seconds, "max.retries": 0})
        except ValueError as error:
            reason = "the address of the schema registry must begin with http:// or https://"
            raise InvalidSettings((reason,)) from error

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


class FakeRegistry:
    """A registry in memory.

    Attributes:
        up: whether it answers; set it to `False` to take it away.
        questions: how often it was asked.
    """

    def __init__(self) -> None:
        self.up = True
        self.questions = 0
        self._texts: list[str] = []
        self._subjects: dict[tuple[str, str], int] = {}

    def register(self, *subjects: Subject) -> list[int]:
        """Register schemas, as a deploy step does; return their ids, which begin at 1."""
        for subject in subjects:
            self._subjects[subject.name, subject.schema] = self.add(subject.schema)
        return [self._subjects[subject.name, subject.schema] for subject in subjects]

    def add(self, text: str) -> int:
        """Give a schema of anybody's an id."""
        if text not in self._texts:
            self._texts.append(text)
        return self._texts.index(text) + 1

    def empty(self) -> None:
        """Lose everything."""
        self._texts.clear()
        self._subjects.clear()

    async def id_of(self, subject: Subject) -> int | None:
        """Look up an id."""
        self._ask()
        return self._subjects.get((subject.name, subject.schema))

    async def schema(self, schema_id: int) -> str | None:
        """Return a schema."""
        self._ask()
        return self._texts[schema_id - 1] if 0 < schema_id <= len(self._texts) else None

    def _ask(self) -> None:
        self.questions += 1
        if not self.up:
            raise _unavailable("it was taken away")
