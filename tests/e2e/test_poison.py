"""What nobody can read stops nobody: it is kept, and a copy goes to each service's own dead letters."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final

import pytest

from choreography.wire.record import Record
from tests.e2e.progress import GROUPS
from tests.e2e.topics import Topics
from tests.e2e.waiting import eventually
from tests.e2e.world import EXITS, RESIGNED, World

pytestmark = pytest.mark.broker

GARBAGE: Final = (b"not a record at all", b"\x00", b"", None)
HEADERS: Final = (("trace", b"\xff\x00"), ("trace", None))
NO_SUCH_SCHEMA: Final = b"\x00" + (2**31 - 1).to_bytes(4) + b"\x02\x02"
PARTITIONS: Final = 6


@pytest.fixture
def dead_letters(world: World) -> Iterator[Topics]:
    """The dead letters of all three services."""
    where = world.stack.endpoints
    topics = Topics(where.kafka, where.registry, [f"{group}.dlq.v1" for group in GROUPS])
    yield topics
    topics.close()


def copies(dead_letters: Topics, prefix: bytes) -> dict[str, list[Record]]:
    """The dead letters whose key begins so, by group."""
    found = [one for one in dead_letters.so_far() if (one.key or b"").startswith(prefix)]
    return {group: [one for one in found if one.topic == f"{group}.dlq.v1"] for group in GROUPS}


def await_copies(dead_letters: Topics, prefix: bytes, each: int) -> dict[str, list[Record]]:
    def all_there() -> dict[str, list[Record]] | None:
        found = copies(dead_letters, prefix)
        return found if all(len(letters) == each for letters in found.values()) else None

    def numbers() -> dict[str, int]:
        return {group: len(letters) for group, letters in copies(dead_letters, prefix).items()}

    there = eventually(all_there, f"{each} dead letters of each group", numbers)
    assert there is not None
    return there


def poison_every_partition(
    world: World, prefix: str, garbage: Sequence[bytes | None]
) -> set[tuple[bytes, bytes | None, int]]:
    """Publish garbage until each partition has some; return key, value and partition of each."""
    published: set[tuple[bytes, bytes | None, int]] = set()
    for number in count():
        key, value = f"{prefix}/{number}".encode(), garbage[number % len(garbage)]
        published.add((key, value, world.topics.publish(EXITS, key, value, HEADERS)))
        if len({partition for _, _, partition in published}) == PARTITIONS:
            return published
    raise AssertionError


def test_garbage_in_every_partition_stops_no_service_and_each_keeps_an_untouched_copy(
    world: World, dead_letters: Topics
) -> None:
    poisoned, earlier, leaver = world.hiring.employees(3)
    resigned = world.resign(earlier.employee_id)
    world.await_facts(resigned, RESIGNED)
    (genuine,) = (
        one for one in world.topics.read() if one.topic == EXITS and one.header("ce_subject") == str(resigned.id)
    )
    truncated = (genuine.value or b"")[:-1]

    world.topics.publish(EXITS, poisoned.employee_id.encode(), truncated, genuine.headers)
    prefix = f"poison-{poisoned.employee_id}"
    published = poison_every_partition(world, prefix, (*GARBAGE, truncated))
    case = world.resign(leaver.employee_id)
    world.await_facts(case, RESIGNED)

    found = await_copies(dead_letters, prefix.encode(), len(published))
    await_copies(dead_letters, poisoned.employee_id.encode(), 1)
    for group, letters in found.items():
        assert {(one.key, one.value, _partition(one)) for one in letters} == published
        assert {one.headers[: len(HEADERS)] for one in letters} == {HEADERS}
        assert {one.header("dlq_original_topic") for one in letters} == {EXITS}
        assert {one.header("dlq_group") for one in letters} == {group}
        assert all(one.header("dlq_exception_message") for one in letters)


def test_while_the_registry_is_away_nothing_is_called_poison_and_known_facts_are_still_read(
    world: World, dead_letters: Topics
) -> None:
    known, unreadable, leaver = world.hiring.employees(3)
    world.await_facts(world.resign(known.employee_id), RESIGNED)
    key = unreadable.employee_id.encode()

    world.stack.kill("registry")
    world.topics.publish(EXITS, key, NO_SUCH_SCHEMA, HEADERS)
    case = world.resign(leaver.employee_id)
    world.await_facts(case, RESIGNED)
    dead_letters.read()
    while_away = copies(dead_letters, key)
    world.stack.start_missing()

    assert while_away == {group: [] for group in GROUPS}
    found = await_copies(dead_letters, key, 1)
    assert [one.value for letters in found.values() for one in letters] == [NO_SUCH_SCHEMA] * len(GROUPS)


def _partition(letter: Record) -> int:
    return int(letter.header("dlq_original_partition") or -1)
