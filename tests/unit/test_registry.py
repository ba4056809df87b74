"""Schema ids are asked for once; a registry that is away stops nobody who has run before."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from choreography.database.database import Database
from choreography.errors import ChoreographyError, InvalidSettings, Poison, RegistryUnavailable
from choreography.wire.registry import Schemas, metadata
from choreography.wire.schema_client import ConfluentRegistry, FakeRegistry
from choreography.wire.subject import Subject
from tests.contract.shop.facts import TOPIC, OrderPlaced, OrderShipped
from tests.contract.shop.stand import PUBLISHED, Shop

PLACED = Subject.of(TOPIC, OrderPlaced)
SHIPPED = Subject.of(TOPIC, OrderShipped)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    database = Database(f"sqlite:///{tmp_path / 'shop.db'}")
    database.create(metadata)
    yield Shop(database)
    database.close()


def prepare(shop: Shop) -> None:
    asyncio.run(shop.schemas.prepare(PUBLISHED))


def test_a_subject_is_the_topic_and_the_name_of_the_record() -> None:
    assert PLACED.name == "shop.orders.v1-shop.orders.OrderPlaced"
    assert json.loads(PLACED.schema) == OrderPlaced.avsc()


def test_ids_are_known_once_they_were_looked_up(shop: Shop) -> None:
    ids = shop.registry.register(PLACED, SHIPPED)

    prepare(shop)

    assert [shop.schemas.id_of(topic, kind) for topic, kind in PUBLISHED] == ids


def test_a_service_that_never_ran_waits_for_the_registry(shop: Shop) -> None:
    shop.registry.register(PLACED, SHIPPED)
    shop.registry.up = False

    with pytest.raises(RegistryUnavailable):
        prepare(shop)

    shop.registry.up = True
    prepare(shop)


def test_a_service_that_has_run_before_starts_without_the_registry(shop: Shop) -> None:
    ids = shop.registry.register(PLACED, SHIPPED)
    prepare(shop)

    shop.registry.up = False
    shop.restart()
    prepare(shop)

    assert [shop.schemas.id_of(topic, kind) for topic, kind in PUBLISHED] == ids
    assert shop.schemas.known(ids[0]).name == "shop.orders.OrderPlaced"


def test_a_changed_schema_is_looked_up_again(shop: Shop) -> None:
    class Reworded(OrderPlaced):
        @classmethod
        def avsc(cls) -> dict[str, Any]:
            return {**OrderPlaced.avsc(), "doc": "Said in other words."}

    Reworded.__name__ = "OrderPlaced"
    old, _ = shop.registry.register(PLACED, SHIPPED)
    prepare(shop)
    (new,) = shop.registry.register(Subject.of(TOPIC, Reworded))
    shop.restart()

    asyncio.run(shop.schemas.prepare([(TOPIC, Reworded)]))

    assert shop.schemas.id_of(TOPIC, Reworded) == new != old


def test_every_schema_that_is_not_registered_is_named_with_the_remedy(shop: Shop) -> None:
    with pytest.raises(InvalidSettings) as caught:
        prepare(shop)

    assert len(caught.value.reasons) == 2
    assert "shop.orders.v1-shop.orders.OrderPlaced" in caught.value.reasons[0]
    assert all("deploy step" in reason for reason in caught.value.reasons)


def test_an_id_that_was_not_prepared_is_refused(shop: Shop) -> None:
    with pytest.raises(ChoreographyError, match=r"OrderPlaced on shop\.orders\.v1"):
        shop.schemas.id_of(TOPIC, OrderPlaced)


def test_a_schema_of_others_is_asked_for_once_and_then_kept(shop: Shop) -> None:
    shop.registry.register(PLACED, SHIPPED)
    prepare(shop)
    theirs = shop.registry.add('{"type": "record", "name": "shop.orders.Theirs", "fields": []}')

    first = asyncio.run(shop.schemas.writer(theirs, TOPIC.name, ()))
    shop.registry.up = False
    again = asyncio.run(shop.schemas.writer(theirs, TOPIC.name, ()))
    shop.restart()
    after_a_restart = asyncio.run(shop.schemas.writer(theirs, TOPIC.name, ()))

    assert first is again
    assert after_a_restart == first
    assert first.name == "shop.orders.Theirs"


def test_many_who_ask_at_once_are_one_question(shop: Shop) -> None:
    shop.registry.register(PLACED, SHIPPED)
    prepare(shop)
    theirs = shop.registry.add('{"type": "record", "name": "shop.orders.Theirs", "fields": []}')
    before = shop.registry.questions

    async def all_at_once() -> None:
        await asyncio.gather(*(shop.schemas.writer(theirs, TOPIC.name, ()) for _ in range(20)))

    asyncio.run(all_at_once())

    assert shop.registry.questions - before == 2  # the id, and one of ours to see that it is our registry


def test_a_registry_that_knows_our_schemas_by_other_ids_is_another_one(shop: Shop) -> None:
    shop.registry.register(PLACED, SHIPPED)
    prepare(shop)
    shop.registry.empty()
    shop.registry.add('{"type": "record", "name": "first.Come", "fields": []}')
    shop.registry.register(PLACED, SHIPPED)

    with pytest.raises(RegistryUnavailable, match="another one"):
        asyncio.run(shop.schemas.writer(99, TOPIC.name, ()))


def test_what_another_registry_calls_by_an_id_is_not_believed(shop: Shop) -> None:
    shop.registry.register(PLACED, SHIPPED)
    prepare(shop)
    shop.registry.empty()
    for number in range(9):
        shop.registry.add(f'{{"type": "record", "name": "other.World{number}", "fields": []}}')

    with pytest.raises(RegistryUnavailable, match="another one"):
        asyncio.run(shop.schemas.writer(7, TOPIC.name, ()))


def test_one_who_only_reads_recognises_the_registry_by_what_it_has_read(shop: Shop) -> None:
    theirs = shop.registry.add('{"type": "record", "name": "shop.orders.Theirs", "fields": []}')
    asyncio.run(shop.schemas.writer(theirs, TOPIC.name, ()))

    with pytest.raises(Poison):
        asyncio.run(shop.schemas.writer(99, TOPIC.name, ()))
    shop.registry.empty()
    with pytest.raises(RegistryUnavailable):
        asyncio.run(shop.schemas.writer(99, TOPIC.name, ()))


def test_one_who_knows_nothing_yet_never_blames_the_record(shop: Shop) -> None:
    with pytest.raises(RegistryUnavailable):
        asyncio.run(shop.schemas.writer(99, TOPIC.name, ()))


def test_an_id_that_the_registry_learns_between_two_questions_is_known(shop: Shop) -> None:
    class LateReplica(FakeRegistry):
        async def schema(self, schema_id: int) -> str | None:
            answer = await super().schema(schema_id)
            return answer if self.questions > 1 else None

    replica = LateReplica()
    theirs = replica.add('{"type": "record", "name": "shop.orders.Theirs", "fields": []}')

    writer = asyncio.run(Schemas(replica, shop.database).writer(theirs, TOPIC.name, ()))

    assert writer.name == "shop.orders.Theirs"


@dataclass
class Said:
    """What the server answers to everything."""

    status: int
    body: bytes


@contextmanager
def server(said: Said) -> Iterator[ConfluentRegistry]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(said.status)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        do_POST = do_GET  # noqa: N815 - the name is what http.server looks for

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with closing(ConfluentRegistry(f"http://127.0.0.1:{http.server_port}/apis/ccompat/v7")) as client:
                yield client
        finally:
            http.shutdown()
            thread.join()


QUESTIONS: list[Callable[[ConfluentRegistry], object]] = [
    lambda client: asyncio.run(client.id_of(PLACED)),
    lambda client: asyncio.run(client.schema(7)),
]


@pytest.mark.parametrize("ask", QUESTIONS, ids=["id", "schema"])
@pytest.mark.parametrize("code", [40401, 40402, 40403])
def test_a_registry_that_does_not_know_says_so(ask: Callable[[ConfluentRegistry], object], code: int) -> None:
    with server(Said(404, json.dumps({"error_code": code, "message": "not found"}).encode())) as client:
        assert ask(client) is None


@pytest.mark.parametrize("ask", QUESTIONS, ids=["id", "schema"])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b'{"error_code": 401, "message": "who are you"}'),
        (403, b'{"error_code": 40301, "message": "not you"}'),
        (404, b"<html>no such page</html>"),
        (404, b""),
        (404, b'{"error_code": 404, "message": "no such path"}'),
        (408, b""),
        (422, b'{"error_code": 42201, "message": "invalid"}'),
        (429, b'{"error_code": 42901, "message": "slowly"}'),
        (500, b'{"error_code": 50001, "message": "store"}'),
        (502, b"<html>bad gateway</html>"),
        (503, b""),
        (302, b""),
        (200, b"<html>log in first</html>"),
        (200, b'"a string"'),
        (200, b"[]"),
        (200, b"\xff\xfe"),
        (200, b""),
    ],
)
def test_any_other_answer_means_that_the_registry_cannot_be_asked(
    ask: Callable[[ConfluentRegistry], object], status: int, body: bytes
) -> None:
    with server(Said(status, body)) as client, pytest.raises(RegistryUnavailable, match="Nothing is lost"):
        ask(client)


def test_an_answer_without_an_id_is_no_answer() -> None:
    with server(Said(200, b"{}")) as client, pytest.raises(RegistryUnavailable):
        asyncio.run(client.id_of(PLACED))


def test_what_the_registry_answers_is_read() -> None:
    with server(Said(200, b'{"id": 7, "version": 1, "schema": "\\"string\\""}')) as client:
        assert asyncio.run(client.id_of(PLACED)) == 7
        assert asyncio.run(client.schema(7)) == '"string"'


@pytest.mark.parametrize("ask", QUESTIONS, ids=["id", "schema"])
def test_an_answer_is_not_remembered_so_that_an_emptied_registry_is_noticed(
    ask: Callable[[ConfluentRegistry], object],
) -> None:
    said = Said(200, b'{"id": 7, "version": 1, "schema": "null"}')
    with server(said) as client:
        assert ask(client) is not None
        said.status, said.body = 404, b'{"error_code": 40403, "message": "not found"}'

        assert ask(client) is None


def test_a_registry_that_does_not_answer_is_not_waited_for_longer_than_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            closing(ConfluentRegistry(url, seconds=0.2)) as client,
            pytest.raises(RegistryUnavailable, match="Timeout"),
        ):
            asyncio.run(client.schema(7))


def test_a_port_where_nobody_listens_means_that_the_registry_cannot_be_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

    with closing(ConfluentRegistry(url)) as client, pytest.raises(RegistryUnavailable, match="ConnectError"):
        asyncio.run(client.schema(7))


@pytest.mark.parametrize("url", ["localhost:8081", "ftp://registry", ""])
def test_an_address_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(InvalidSettings, match="http://"):
        ConfluentRegistry(url)
