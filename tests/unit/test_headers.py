"""Headers say what the body says, in CloudEvents' words; reading them never fails."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choreography.wire.headers import Envelope, cloud_event
from choreography.wire.record import Record
from tests.contract.shop.facts import ORDER, PLACED, TOPIC

CAUSE = UUID("0195f7a8-0000-7000-8000-0000000000cc")
EVENT = UUID("0195f7a8-0000-7000-8000-0000000000aa")


def record(*headers: tuple[str, bytes | None]) -> Record:
    return Record("shop.orders.v1", 0, 7, b"c-1", b"value", headers)


def test_an_event_carries_the_headers_of_cloudevents_in_kafkas_binary_mode() -> None:
    headers = cloud_event(PLACED, TOPIC, source="/shop/till", causation=CAUSE)

    assert headers == [
        ("content-type", b"application/avro"),
        ("ce_specversion", b"1.0"),
        ("ce_id", b"0195f7a8-0000-7000-8000-0000000000aa"),
        ("ce_source", b"/shop/till"),
        ("ce_type", b"shop.orders.OrderPlaced.v1"),
        ("ce_subject", b"0195f7a8-0000-7000-8000-000000000001"),
        ("ce_time", b"2026-03-02T09:30:00.123456Z"),
        ("ce_sequence", b"1"),
        ("ce_correlationid", b"0195f7a8-0000-7000-8000-000000000001"),
        ("ce_causationid", b"0195f7a8-0000-7000-8000-0000000000cc"),
    ]


def test_an_event_that_answers_nothing_names_no_cause() -> None:
    headers = cloud_event(PLACED, TOPIC, source="/shop/till", causation=None)

    assert "ce_causationid" not in dict(headers)


def test_the_type_carries_the_version_of_the_topic_that_it_is_published_to() -> None:
    headers = dict(cloud_event(PLACED, TOPIC.of("mall"), source="/mall", causation=None))

    assert headers["ce_type"] == b"shop.orders.OrderPlaced.v1"


def test_what_was_written_is_read_back() -> None:
    headers = cloud_event(PLACED, TOPIC, source="/shop/till", causation=CAUSE)

    assert Envelope.of(record(*headers)) == Envelope(
        type="shop.orders.OrderPlaced.v1", subject=ORDER, sequence=1, id=EVENT, causation=CAUSE
    )


def test_a_record_without_headers_says_nothing() -> None:
    assert Envelope.of(record()) == Envelope(None, None, None, None, None)


@pytest.mark.parametrize("value", [None, b"", b"\xff\xfe", b"\xc3\x28"])
def test_a_header_that_is_empty_or_not_utf_8_counts_as_missing(value: bytes | None) -> None:
    names = ("ce_type", "ce_subject", "ce_sequence", "ce_id", "ce_causationid")

    assert Envelope.of(record(*((name, value) for name in names))) == Envelope()


@pytest.mark.parametrize(
    "value",
    [b"one", b"1.5", b"-1", b"+1", b" 1", b"1_000", b"0x1", b"1" * 19, b"1" * 5_000, "١".encode(), b"1\x00"],
)
def test_a_sequence_that_is_not_a_number_counts_as_missing(value: bytes) -> None:
    assert Envelope.of(record(("ce_sequence", value))).sequence is None


@pytest.mark.parametrize(
    "value",
    [b"case-1", b"0195f7a8", b"{0195f7a8-0000-7000-8000-000000000001}", b"x" * 36, b"urn:uuid:" + b"0" * 32, b"0" * 36],
)
def test_a_subject_that_is_not_a_uuid_counts_as_missing(value: bytes) -> None:
    assert Envelope.of(record(("ce_subject", value))).subject is None


def test_a_header_twice_with_one_value_is_believed() -> None:
    assert Envelope.of(record(("ce_sequence", b"2"), ("ce_sequence", b"2"))).sequence == 2


@pytest.mark.parametrize("values", [(b"1", b"2"), (b"1", None), (None, b"1"), (b"1", b"2", b"1"), (b"1", b"2", b"2")])
def test_a_header_that_contradicts_itself_counts_as_missing(values: tuple[bytes | None, ...]) -> None:
    assert Envelope.of(record(*(("ce_sequence", value) for value in values))).sequence is None


def test_headers_of_others_are_left_alone() -> None:
    others = (("traceparent", b"00-ab"), ("CE_TYPE", b"loud"), ("ce_type ", b"spaced"), ("", None))

    assert Envelope.of(record(*others)) == Envelope()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ce_type", "ce_subject", "ce_sequence", "ce_id", "ce_causationid", "other"]),
            st.none() | st.binary(max_size=40) | st.uuids().map(lambda value: str(value).encode()),
        )
    )
)
def test_whatever_the_headers_are_they_can_be_read(headers: list[tuple[str, bytes | None]]) -> None:
    envelope = Envelope.of(record(*headers))

    assert envelope.sequence is None or 0 <= envelope.sequence < 2**63
