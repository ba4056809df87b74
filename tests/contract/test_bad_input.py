"""Every kind of bad input is sorted: the record is at fault, or the world is, or nobody here wants it."""

import copy
import io
import json
import re
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from time import process_time
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from choreography.errors import Poison, RegistryUnavailable
from choreography.wire.subject import Subject
from choreography.wire.writer_schema import WriterSchema
from tests.contract.shop.facts import PLACED, SHIPPED, TOPIC, Channel, Line, OrderPlaced
from tests.contract.shop.stand import ORDER, Shop, open_shop

HUGE = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"  # 2^63 - 1 as Avro writes it
NEGATIVE = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"  # -2^63
SECRET = "leave-it-with-Ms-Miller"


def doubling(levels: int, innermost: object, between: Callable[[object], object] = lambda kind: kind) -> list[Any]:
    """Define records that each name the one below twice; the first is the innermost."""
    records: list[Any] = [{"type": "record", "name": "L0", "fields": [{"name": "x", "type": innermost}]}]
    for level in range(1, levels):
        below = between(f"L{level - 1}")
        fields = [{"name": "a", "type": below}, {"name": "b", "type": below}]
        records.append({"type": "record", "name": f"L{level}", "fields": fields})
    return records


def defining(records: Sequence[object], last: object) -> dict[str, Any]:
    """Return a schema that defines records, each in a union of which reading takes one byte, and has a last field."""
    fields = [{"name": f"f{number}", "type": ["null", record]} for number, record in enumerate(records)]
    return {
        "type": "record",
        "name": ORDER.rpartition(".")[2],
        "namespace": "shop.orders",
        "fields": [*fields, {"name": "last", "type": last}],
    }


def with_decimal(kind: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "shop.orders.OrderPlaced", "fields": [{"name": "amount", "type": kind}]}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture(scope="module")
def value(shop: Shop) -> bytes:
    return shop.codec.encode(PLACED, TOPIC)


def poison(shop: Shop, value: bytes | None) -> Poison:
    with pytest.raises(Poison) as caught:
        shop.read(value)
    return caught.value


def test_a_value_cut_short_at_any_byte_is_poison(shop: Shop, value: bytes) -> None:
    stages = [poison(shop, value[:length]).stage for length in range(len(value))]

    assert stages == ["frame"] * 5 + ["avro"] * (len(value) - 5)


@pytest.mark.parametrize("more", [b"\x00", b"more", b"\x00" * 1_000_000])
def test_bytes_after_the_end_of_the_record_are_poison(shop: Shop, value: bytes, more: bytes) -> None:
    assert poison(shop, value + more).stage == "avro"


def test_any_first_byte_but_zero_is_poison(shop: Shop, value: bytes) -> None:
    for magic in range(1, 256):
        assert poison(shop, bytes([magic]) + value[1:]).stage == "frame"


def test_a_value_of_no_bytes_is_poison(shop: Shop) -> None:
    assert poison(shop, b"").stage == "frame"


def test_a_tombstone_is_poison(shop: Shop) -> None:
    assert poison(shop, None).stage == "tombstone"


@pytest.mark.parametrize("other", [b'{"employee_id": "e-1"}', b"hello", b"\xef\xbb\xbf{}", b"Obj\x01avro.schema"])
def test_text_and_other_formats_are_poison(shop: Shop, other: bytes) -> None:
    assert poison(shop, other).stage == "frame"


def test_a_schema_id_that_no_registry_assigns_is_poison_and_nobody_is_asked(shop: Shop, value: bytes) -> None:
    before = shop.registry.questions

    assert poison(shop, b"\x00\x80\x00\x00\x00" + value[5:]).stage == "frame"
    assert poison(shop, b"\x00\xff\xff\xff\xff" + value[5:]).stage == "frame"
    assert shop.registry.questions == before


@pytest.mark.parametrize("byte", [b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff"])
def test_a_megabyte_of_garbage_is_poison_and_takes_no_memory_beyond_it(shop: Shop, value: bytes, byte: bytes) -> None:
    garbage = value[:5] + byte * 1_000_000
    tracemalloc.start()

    stage = poison(shop, garbage).stage

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert stage == "avro"
    assert peak < 4_000_000


@pytest.mark.parametrize("length", [HUGE, NEGATIVE, b"\x01", b"\xfe\xff\xff\xff\x0f"])
def test_a_length_that_promises_more_than_there_is_allocates_nothing(shop: Shop, value: bytes, length: bytes) -> None:
    tracemalloc.start()

    stage = poison(shop, value[:5] + length + b"abc").stage

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert stage == "avro"
    assert peak < 1_000_000


@pytest.mark.parametrize("count", [HUGE, NEGATIVE])
def test_a_list_that_promises_more_items_than_there_are_is_poison(shop: Shop, value: bytes, count: bytes) -> None:
    lines = value.index(b"\x02\x0cteapot")

    assert poison(shop, value[:lines] + count + value[lines + 1 :]).stage == "avro"


def test_an_enum_symbol_beyond_the_last_is_poison(shop: Shop, value: bytes) -> None:
    note = value.index(b"\x02\x36leave")

    assert value[note - 1] == 2 * list(Channel).index(Channel.PHONE)
    assert poison(shop, value[: note - 1] + b"\x06" + value[note:]).stage == "avro"
    assert poison(shop, value[: note - 1] + HUGE + value[note:]).stage == "avro"


def test_a_branch_of_a_union_beyond_the_last_is_poison(shop: Shop, value: bytes) -> None:
    note = value.index(b"\x02\x36leave")

    assert poison(shop, value[:note] + b"\x04" + value[note + 1 :]).stage == "avro"


def test_text_that_is_not_utf_8_is_poison(shop: Shop, value: bytes) -> None:
    assert poison(shop, value.replace(b"teapot", b"teap\xff\xfe")).stage == "avro"


def test_an_id_that_is_not_a_uuid_is_poison(shop: Shop, value: bytes) -> None:
    order_id = str(PLACED.order_id).encode()

    assert poison(shop, value.replace(order_id, b"x" * 36)).stage == "avro"


@pytest.mark.parametrize(("field", "number"), [("occurred_at", 2**62), ("recorded_at", -(2**62)), ("placed_on", 2**30)])
def test_a_date_beyond_the_calendar_is_poison(shop: Shop, field: str, number: int) -> None:
    body = write(plain(OrderPlaced.avsc()), numbers() | {field: number})

    assert poison(shop, shop.frame(OrderPlaced.avsc(), body)).stage == "avro"


@given(garbage=st.binary(max_size=400))
def test_random_bytes_are_poison_or_an_event_and_never_anything_else(shop: Shop, value: bytes, garbage: bytes) -> None:
    for candidate in (garbage, b"\x00" + garbage, value[:5] + garbage):
        assert is_sorted(shop, candidate)


@given(data=st.data())
def test_a_damaged_record_is_poison_or_an_event_and_never_anything_else(
    shop: Shop, value: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(5, len(value) - 1))
    until = data.draw(st.integers(at, min(at + 8, len(value))))

    assert is_sorted(shop, value[:at] + data.draw(st.binary(max_size=12)) + value[until:])


def test_every_single_flipped_bit_is_poison_or_an_event(shop: Shop, value: bytes) -> None:
    for position in range(8 * 5, 8 * len(value)):
        flipped = bytearray(value)
        flipped[position // 8] ^= 1 << position % 8

        assert is_sorted(shop, bytes(flipped))


def is_sorted(shop: Shop, value: bytes) -> bool:
    try:
        event = shop.read(value)
    except Poison as error:
        return error.stage in {"frame", "schema", "avro", "model"}
    return event is None or not event.unstamped_fields()


def test_an_unknown_schema_id_is_poison_after_one_more_question(fresh: Shop, value: bytes) -> None:
    before = fresh.registry.questions

    assert poison(fresh, b"\x00\x00\x00\x00\x63" + value[5:]).stage == "schema"
    assert fresh.registry.questions - before == 3  # the id, the id again, and one of our own schemas


def test_an_unknown_schema_id_is_not_the_records_fault_when_the_registry_was_emptied(fresh: Shop, value: bytes) -> None:
    fresh.registry.empty()

    with pytest.raises(RegistryUnavailable, match="emptied"):
        fresh.read(b"\x00\x00\x00\x00\x63" + value[5:])


def test_an_unknown_schema_id_is_not_the_records_fault_when_the_registry_is_down(fresh: Shop, value: bytes) -> None:
    fresh.registry.up = False

    with pytest.raises(RegistryUnavailable):
        fresh.read(b"\x00\x00\x00\x00\x63" + value[5:])


def test_a_record_whose_schema_is_known_is_read_while_the_registry_is_down(fresh: Shop, value: bytes) -> None:
    fresh.registry.up = False

    assert fresh.read(value) == PLACED


def test_a_type_that_nobody_here_wants_is_skipped_without_reading_its_body(shop: Shop) -> None:
    shipped = shop.codec.encode(SHIPPED, TOPIC)

    assert shop.read(shipped) is None
    assert shop.read(shipped[:5] + b"\xff" * 9) is None


def test_a_type_of_somebody_elses_is_skipped_though_its_schema_cannot_be_used(shop: Shop) -> None:
    theirs = {"type": "record", "name": "x.Theirs", "fields": [{"name": "part", "type": "defined.Elsewhere"}]}

    assert shop.read(shop.frame(theirs, b"anything")) is None


@pytest.mark.parametrize(
    "schema",
    [
        '"string"',
        '{"type": "object", "properties": {}}',
        '["null", "string"]',
        "5",
        'syntax = "proto3";',
        "[" * 100_000,
    ],
)
def test_a_schema_that_is_not_of_an_avro_record_makes_its_records_poison(shop: Shop, schema: str) -> None:
    assert poison(shop, shop.frame(schema, b"\x06abc")).stage == "schema"


def test_a_schema_that_contains_itself_is_refused_before_it_can_exhaust_the_stack(shop: Shop) -> None:
    schema = with_field("endless", ["null", "shop.orders.OrderPlaced"])

    assert poison(shop, shop.frame(schema, b"\x02" * 1_000_000)).stage == "schema"


@pytest.mark.parametrize("levels", [100, 5_000])
def test_a_schema_nested_beyond_all_reason_is_refused(shop: Shop, levels: int) -> None:
    nested = '{"type":"array","items":' * levels + '"string"' + "}" * levels
    fields = f'[{{"name":"deep","type":{nested}}}]'
    text = f'{{"type":"record","name":"shop.orders.OrderPlaced","fields":{fields}}}'

    assert poison(shop, shop.frame(text, b"\x02" * 1_000_000)).stage == "schema"


@pytest.mark.parametrize("nothing", ["null", {"type": "record", "name": "Nothing", "fields": []}])
def test_a_list_of_things_without_bytes_is_refused_before_it_can_run_for_ever(shop: Shop, nothing: object) -> None:
    schema = with_field("endless", {"type": "array", "items": nothing})

    assert poison(shop, shop.frame(schema, HUGE)).stage == "schema"


@pytest.mark.parametrize(
    "schema",
    [
        defining(doubling(40, "null"), "L39"),
        defining(doubling(40, "null")[:-1], doubling(40, "null")[-1]),
        defining(doubling(40, "null", lambda kind: {"type": kind}), ["L39", "null"]),
        defining(doubling(8, "null"), {"type": "array", "items": "L7"}),
        defining(doubling(8, "null"), {"type": "map", "values": "L7"}),
        defining(doubling(30, "null"), {"type": "array", "items": ["string", "L29"]}),
        with_decimal({"type": "bytes", "logicalType": "decimal", "precision": 9}),
        with_decimal({"type": "fixed", "name": "Long", "size": 400_000, "logicalType": "decimal", "precision": 9}),
    ],
)
def test_a_schema_that_lets_a_few_bytes_ask_for_endless_work_is_refused(shop: Shop, schema: dict[str, Any]) -> None:
    assert poison(shop, shop.frame(schema, b"\x00" * 400)).stage == "schema"


def test_a_wide_schema_of_ordinary_fields_is_read(shop: Shop) -> None:
    wide = copy.deepcopy(OrderPlaced.avsc())
    wide["fields"] += [{"name": f"f{number}", "type": ["null", "string"], "default": None} for number in range(500)]

    assert shop.read(shop.frame(wide, write(wide, PLACED.model_dump()))) == PLACED


@st.composite
def any_schemas(draw: st.DrawFn) -> dict[str, Any]:
    """Draw schemas of records that name, list, map and join each other in all ways."""
    records: list[Any] = []
    for level in range(draw(st.integers(1, 24))):
        known = ["null", "string", "long", "boolean", *(f"L{number}" for number in range(level))]
        one = st.sampled_from(known[-3:] + known)
        kinds: st.SearchStrategy[Any] = one | st.builds(lambda items: {"type": "array", "items": items}, one)
        kinds |= st.builds(lambda values: {"type": "map", "values": values}, one)
        kinds |= st.builds(lambda kind: ["boolean", kind], one.filter(lambda kind: kind != "boolean"))
        fields = [{"name": f"f{n}", "type": kind} for n, kind in enumerate(draw(st.lists(kinds, max_size=4)))]
        records.append({"type": "record", "name": f"L{level}", "fields": fields})
    return defining(records, f"L{len(records) - 1}")


@settings(deadline=None)
@given(schema=any_schemas(), body=st.binary(max_size=1_000) | st.sampled_from([bytes(1_000), b"\x02" * 1_000]))
def test_reading_a_kilobyte_takes_a_moment_under_every_schema_that_is_accepted(
    schema: dict[str, Any], body: bytes
) -> None:
    writer = WriterSchema.read(json.dumps(schema))
    begun = process_time()

    with suppress(Poison, EOFError, ValueError, IndexError, UnicodeDecodeError, OverflowError):
        schemaless_reader(io.BytesIO(body), writer.parsed, None)

    assert process_time() - begun < 2


def test_a_schema_that_is_registered_elsewhere_makes_its_records_poison(fresh: Shop) -> None:
    newer = with_field("colour", ["null", "string"])
    theirs = fresh.registry.register(Subject("x.others.v1-shop.orders.OrderPlaced", json.dumps(newer)))[0]
    value = b"\x00" + theirs.to_bytes(4, "big") + write(newer, PLACED.model_dump() | {"colour": None})

    refused = poison(fresh, value)
    fresh.registry.register(Subject(f"{TOPIC.name}-{ORDER}", json.dumps(newer)))

    assert refused.stage == "schema"
    assert f"not registered as {TOPIC.name}-{ORDER}" in str(refused)
    assert fresh.read(value) == PLACED


def test_what_is_registered_for_a_topic_is_asked_once_and_known_after_a_restart(fresh: Shop) -> None:
    newer = with_field("colour", ["null", "string"])
    value = fresh.frame(newer, write(newer, PLACED.model_dump() | {"colour": None}))

    assert fresh.read(value) == PLACED
    fresh.registry.up = False
    fresh.restart()
    assert fresh.read(value) == PLACED


def test_a_schema_that_an_older_version_kept_is_asked_about_before_it_is_used(fresh: Shop) -> None:
    newer = with_field("colour", ["null", "string"])
    value = fresh.frame(newer, write(newer, PLACED.model_dump() | {"colour": None}))
    assert fresh.read(value) == PLACED
    fresh.database.run_sync(lambda tx: tx.execute(text("UPDATE schemas SET subject = NULL")))
    fresh.registry.up = False
    fresh.restart()

    with pytest.raises(RegistryUnavailable):
        fresh.read(value)


def test_a_registry_that_lost_our_subjects_condemns_no_record(fresh: Shop) -> None:
    newer = with_field("colour", ["null", "string"])
    value = fresh.frame(newer, write(newer, PLACED.model_dump() | {"colour": None}))
    fresh.registry._subjects.clear()

    with pytest.raises(RegistryUnavailable, match="another one"):
        fresh.read(value)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"note": SECRET * 3}, "note (string_too_long)"),
        ({"customer_id": ""}, "customer_id (string_too_short)"),
        ({"order_version": -1}, "order_version (greater_than_equal)"),
        ({"lines": [{"article": SECRET, "pieces": -1}]}, "lines (greater_than_equal)"),
        ({"labels": {SECRET: SECRET * 3}}, "labels (string_too_long)"),
    ],
)
def test_what_the_model_refuses_is_poison_that_names_the_field_but_not_the_value(
    shop: Shop, changes: dict[str, Any], named: str
) -> None:
    error = poison(shop, shop.frame(OrderPlaced.avsc(), write(OrderPlaced.avsc(), PLACED.model_dump() | changes)))

    assert error.stage == "model"
    assert named in str(error)
    assert SECRET not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_no_message_about_a_damaged_record_repeats_what_is_in_it(shop: Shop) -> None:
    damaged = shop.codec.encode(PLACED.model_copy(update={"note": SECRET}), TOPIC)

    for length in range(5, len(damaged)):
        assert SECRET not in str(poison(shop, damaged[:length]))


def test_a_record_of_a_newer_schema_is_read_without_what_is_new(shop: Shop) -> None:
    newer = with_field("colour", ["null", "string"])
    newer["fields"].reverse()

    event = shop.read(shop.frame(newer, write(newer, PLACED.model_dump() | {"colour": "blue"})))

    assert event == PLACED


def test_a_record_of_an_older_schema_is_read_with_defaults(shop: Shop) -> None:
    older = copy.deepcopy(OrderPlaced.avsc())
    older["fields"] = [field for field in older["fields"] if field["name"] not in {"note", "lines", "channel"}]

    event = shop.read(shop.frame(older, write(older, PLACED.model_dump())))

    assert event == PLACED.model_copy(update={"note": None, "lines": (), "channel": Channel.UNKNOWN})


def test_an_enum_symbol_that_is_newer_than_ours_is_read_as_the_default(shop: Shop) -> None:
    newer = copy.deepcopy(OrderPlaced.avsc())
    symbols = next(field for field in newer["fields"] if field["name"] == "channel")["type"]["symbols"]
    symbols.append("ROBOT")

    event = shop.read(shop.frame(newer, write(newer, PLACED.model_dump() | {"channel": "ROBOT"})))

    assert event == PLACED.model_copy(update={"channel": Channel.UNKNOWN})


def test_a_record_without_a_field_that_every_record_carries_is_poison(shop: Shop) -> None:
    theirs = copy.deepcopy(OrderPlaced.avsc())
    theirs["fields"] = [field for field in theirs["fields"] if field["name"] != "event_id"]

    assert poison(shop, shop.frame(theirs, write(theirs, PLACED.model_dump()))).stage == "schema"


def test_a_field_of_another_type_is_poison(shop: Shop) -> None:
    theirs = copy.deepcopy(OrderPlaced.avsc())
    next(field for field in theirs["fields"] if field["name"] == "customer_id")["type"] = "boolean"

    body = write(theirs, PLACED.model_dump() | {"customer_id": True})

    assert poison(shop, shop.frame(theirs, body)).stage == "schema"


def with_field(name: str, kind: object) -> dict[str, Any]:
    schema = copy.deepcopy(OrderPlaced.avsc())
    schema["fields"].append({"name": name, "type": kind})
    return schema


def write(schema: dict[str, Any], values: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    schemaless_writer(out, parse_schema(schema), values)
    return out.getvalue()


def plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Take the logical types away, so that any number can be written."""
    text = re.sub(r', "logicalType": "[a-z-]+"', "", json.dumps(schema))
    stripped: dict[str, Any] = json.loads(text)
    return stripped


def numbers() -> dict[str, Any]:
    ids = {"event_id": str(PLACED.event_id), "order_id": str(PLACED.order_id)}
    times = {"occurred_at": 0, "recorded_at": 0, "deliver_after": None, "placed_on": 0}
    lines = [Line(article="teapot", pieces=1).model_dump()]
    return PLACED.model_dump() | ids | times | {"lines": lines}
