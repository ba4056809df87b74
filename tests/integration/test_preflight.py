"""What cannot work is refused at the start, by the exit code 2 and with the remedy, on real brokers."""

import asyncio
import socket
import socketserver
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from choreography import Event, InvalidSettings
from choreography.kafka.config import consumer_config
from choreography.wire.subject import Subject
from infra.providers import Broker
from tests.kafka_server import KafkaServer
from tests.shop.facts import Ports, Store, placed
from tests.shop.live import LIBRDKAFKA, LiveShop, free_port, until
from tests.shop.member import warehouse
from tests.shop.members import Member, Members, members

pytestmark = pytest.mark.broker


@pytest.fixture
async def shop(broker: Broker, tmp_path: Path) -> AsyncIterator[LiveShop]:
    one = LiveShop(broker, tmp_path)
    await asyncio.to_thread(one.deploy)
    yield one
    one.close()


@pytest.fixture
def team(shop: LiveShop) -> Iterator[Members]:
    with members(shop) as started:
        yield started


@contextmanager
def elsewhere(door: int) -> Iterator[int]:
    """Yield a port from which a broker's listener is reached as from another host: from the address 127.0.0.2."""

    class Forwarder(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", door), source_address=("127.0.0.2", 0)) as there:
                back = threading.Thread(target=_copy, args=(there, self.request), daemon=True)
                back.start()
                _copy(self.request, there)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Forwarder) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _copy(here: socket.socket, there: socket.socket) -> None:
    with suppress(OSError):
        while data := here.recv(65_536):
            there.sendall(data)
    with suppress(OSError):
        there.shutdown(socket.SHUT_WR)


def two_listeners(door: int, way_in: int) -> dict[str, str]:
    """The settings that give a broker a second listener, which others reach by a port of their own."""
    return {
        "listeners": f"PLAINTEXT://127.0.0.1:{{port}},OTHER://127.0.0.1:{door},CONTROLLER://127.0.0.1:{{controller}}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{{port}},OTHER://127.0.0.1:{way_in},"
        "CONTROLLER://127.0.0.1:{controller}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,OTHER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    }


@contextmanager
def member_over(way_in: int, shop: LiveShop) -> Iterator[None]:
    """Have a member in the group that reaches the broker by this port."""
    consumer = Consumer(consumer_config(f"127.0.0.1:{way_in}", "elsewhere", shop.group, 6_000), logger=LIBRDKAFKA)
    consumer.subscribe([shop.placed.topic.name], on_assign=lambda one, given: one.incremental_assign([]))
    leaving = threading.Event()

    def poll() -> None:
        while not leaving.is_set():
            consumer.poll(0.05)
        consumer.close()

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield
    finally:
        leaving.set()
        thread.join(30)


def orders(shop: LiveShop, count: int) -> list[Event]:
    return [shop.placed.model_validate(placed(f"c{number}").model_dump()) for number in range(count)]


def delete(shop: LiveShop, *topics: str) -> None:
    admin = AdminClient({"bootstrap.servers": shop.broker.bootstrap_servers}, logger=LIBRDKAFKA)
    for answer in admin.delete_topics(list(topics)).values():
        answer.result(30)


async def refused(member: Member) -> str:
    """Wait for the end of a member that is refused; return what it said."""
    code = await asyncio.to_thread(member.process.wait, 60)
    said = member.log.read_text(encoding="utf-8")
    assert code == 2, said
    assert "Traceback" not in said
    return said


async def test_everything_that_is_missing_is_said_at_once_and_the_process_ends(shop: LiveShop, team: Members) -> None:
    await asyncio.to_thread(delete, shop, shop.dead_letters, shop.packed.topic.name)

    said = await refused(team.start_soon(session_timeout_ms=500, drain_seconds=600))

    assert "process.refused" in said
    for what in (shop.dead_letters, shop.packed.topic.name, "SHOP_SESSION_TIMEOUT_MS", "SHOP_DRAIN_SECONDS"):
        assert what in said


async def test_where_nothing_was_deployed_topics_and_schemas_are_named_at_once(broker: Broker, tmp_path: Path) -> None:
    shop = LiveShop(broker, tmp_path)
    try:
        with pytest.raises(InvalidSettings) as refusal:
            async with shop.serving(warehouse(shop.system), Ports(Store()), kafka_ssl_ca_location=tmp_path / "none"):
                pass
    finally:
        shop.close()

    said = "\n".join(refusal.value.reasons)
    for what in (
        shop.placed.topic.name,
        shop.dead_letters,
        "KAFKA_SSL_CA_LOCATION",
        Subject.of(shop.packed.topic, shop.packed).name,
    ):
        assert what in said
    assert said.count("deploy step") >= 2


async def test_a_ledger_that_was_lost_ends_the_process_with_the_command_that_helps(
    shop: LiveShop, team: Members
) -> None:
    first = await team.start()
    await shop.publish(*orders(shop, 3))
    await until(lambda: len(team.effects()) == 3)
    assert first.end() == 0
    for file in shop.folder.glob(f"{shop.group}.db*"):
        file.unlink()

    said = await refused(team.start_soon())

    assert f"{shop.system} ledger rebuild --group {shop.group}" in said
    assert set(team.effects().values()) == {1}


async def test_offsets_of_records_that_are_gone_end_the_process_with_the_command_that_helps(
    shop: LiveShop, team: Members
) -> None:
    first = await team.start()
    await shop.publish(*orders(shop, 3))
    await until(lambda: len(team.effects()) == 3)
    assert first.end() == 0

    await asyncio.to_thread(delete, shop, shop.placed.topic.name)  # its offsets go, too; the ledger stays
    await asyncio.to_thread(shop.deploy)

    assert "--reset-offsets" in await refused(team.start_soon())


async def test_a_sqlite_ledger_is_refused_while_a_member_on_another_host_lives_and_taken_once_it_is_gone(
    broker: Broker, state_dir: Path, tmp_path: Path
) -> None:
    door = free_port()
    with elsewhere(door) as way_in:
        server = KafkaServer(state_dir / "two-hosts", two_listeners(door, way_in))
        await asyncio.to_thread(server.start)
        shop = LiveShop(Broker(server.bootstrap_servers, broker.registry_url), tmp_path)
        await asyncio.to_thread(shop.deploy)
        service = warehouse(shop.system)
        try:
            with member_over(way_in, shop):
                await until(lambda: shop.members() == 1)
                with pytest.raises(InvalidSettings, match=r"another host \(127\.0\.0\.2\)"):
                    async with shop.serving(service, Ports(Store())):
                        pass
            async with shop.serving(service, Ports(Store())):
                pass
        finally:
            shop.close()
            await asyncio.to_thread(server.stop)


async def test_brokers_that_do_not_speak_the_group_protocol_are_told_so(
    broker: Broker, state_dir: Path, tmp_path: Path
) -> None:
    server = KafkaServer(state_dir / "old", features=("group.version=0",))
    await asyncio.to_thread(server.start)
    shop = LiveShop(Broker(server.bootstrap_servers, broker.registry_url), tmp_path)
    await asyncio.to_thread(shop.deploy)
    try:
        with pytest.raises(InvalidSettings, match="set GROUP_PROTOCOL to classic"):
            async with shop.serving(warehouse(shop.system), Ports(Store()), group_protocol="consumer"):
                pass
        async with shop.serving(warehouse(shop.system), Ports(Store()), group_protocol="classic"):
            pass
    finally:
        shop.close()
        await asyncio.to_thread(server.stop)
