"""Each vendor signs in its own way. The signatures here were made with openssl; the clock stands at 1772442000."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choreography.testing.fake import FakeClock
from producers.ems.reception import Reception, UnsignedByVendor
from producers.ems.vendors import VENDORS

OLD, NEW = "old-key-00000000001", "new-key-00000000002"
AT: Final = "1772442000"


@dataclass(frozen=True)
class Vector:
    """A body, where its signature is sent, and what it is with each key."""

    vendor: str
    body: bytes
    header: str
    old: str
    new: str

    def headers(self, signature: str | None = None, at: str = AT) -> dict[str, str]:
        return {self.header: signature or self.new, "x-bamboohr-timestamp": at}


BAMBOOHR: Final = Vector(
    "bamboohr",
    b'{"employees":[{"id":"e-1","action":"Updated","fields":{"terminationDate":"2026-03-31"}}]}',
    "x-bamboohr-signature",
    "b3f3fb0b483bb60fa1aad8d14fb9ab2ea8ac20be2fbff5e8ff4e010109ba1926",
    "8932cab84775b0d3468404aae707bf9b7e5b76791396a0a0f018ba0ae91e4c42",
)
HIBOB: Final = Vector(
    "hibob",
    b'{"type":"employee.left","data":{"employeeId":"e-1"}}',
    "bob-signature",
    "suFfTdDjNRiBe7YzLIh9uYhZmo6sR7LV9CPt6msdgQYQ2lHzwTqJzdF0EgrID+yy5oAaIGIgtGbQ1IGLNwZxHQ==",
    "U3ZzB9etOWW9HKRHfpdOFfqP3H5GbiQ0WuC8NuxlxQt+NqherCxnXBreG/oR2I8BerpUZK/2hs+itAmDBf88jw==",
)
DEEL: Final = Vector(
    "deel",
    b'{"data":{"meta":{"event_type":"contract.terminated","tracking_id":"t-1"},'
    b'"resource":{"id":"e-1","completion_date":"2026-03-31"}}}',
    "x-deel-signature",
    "c98f9d1e58f1ea02030fc0b2cfc4dfa234758a080eb60c08f1e5bec812f32a0d",
    "464b70b47d002e612bd27c836aacf24c0517e99a66bb2d4f3f3ec59443518b5d",
)
MERGE: Final = Vector(
    "merge",
    b'{"hook":{"event":"Employee.changed"},"data":{"employee_number":"e-1","termination_date":"2026-03-31T00:00:00Z"}}',
    "x-merge-webhook-signature",
    "3Fs_gKJShllrP1M-6_2dNN4Q4j1OXr6V_W7-ytYe4wE=",
    "5VYFKPnAb7qPqTsDZ-n5BtHwi3r87dKWVvzZz-T3qDs=",
)
VECTORS: Final = [pytest.param(one, id=one.vendor) for one in (BAMBOOHR, HIBOB, DEEL, MERGE)]


def reception(vendor: str, *secrets: str) -> Reception:
    return Reception(VENDORS[vendor], secrets, FakeClock(), "UTC")


def test_every_vendor_has_its_vector() -> None:
    assert {one.values[0].vendor for one in VECTORS} == VENDORS.keys()  # type: ignore[union-attr]


@pytest.mark.parametrize("vector", VECTORS)
def test_either_key_signs_while_they_are_exchanged(vector: Vector) -> None:
    both = reception(vector.vendor, OLD, NEW)

    assert [both.verify(vector.headers(one), vector.body) for one in (vector.old, vector.new)] == [0, 1]


@pytest.mark.parametrize("vector", VECTORS)
def test_a_key_that_is_gone_signs_nothing(vector: Vector) -> None:
    with pytest.raises(UnsignedByVendor):
        reception(vector.vendor, NEW).verify(vector.headers(vector.old), vector.body)


@pytest.mark.parametrize("vector", VECTORS)
def test_a_body_that_was_changed_on_the_way_is_refused(vector: Vector) -> None:
    for body in (vector.body.replace(b"e-1", b"e-2"), vector.body + b" ", b""):
        with pytest.raises(UnsignedByVendor):
            reception(vector.vendor, NEW).verify(vector.headers(), body)


@pytest.mark.parametrize("vector", VECTORS)
def test_a_signature_of_another_form_is_refused(vector: Vector) -> None:
    for signature in (vector.new.swapcase(), f"sha256={vector.new}", vector.new[:-4], f"{vector.new} ", "é", " "):
        with pytest.raises(UnsignedByVendor):
            reception(vector.vendor, NEW).verify(vector.headers(signature), vector.body)
    with pytest.raises(UnsignedByVendor):
        reception(vector.vendor, NEW).verify({}, vector.body)


def test_the_padding_of_merge_does_not_count() -> None:
    assert reception("merge", NEW).verify(MERGE.headers(MERGE.new.rstrip("=")), MERGE.body) == 0


@pytest.mark.parametrize(("seconds", "taken"), [(300, True), (301, False), (-300, True), (-301, False)])
def test_what_bamboohr_signed_is_believed_for_five_minutes(seconds: int, taken: bool) -> None:
    clock = FakeClock()
    clock.advance(timedelta(seconds=seconds))
    desk = Reception(VENDORS["bamboohr"], [NEW], clock, "UTC")

    if taken:
        assert desk.verify(BAMBOOHR.headers(), BAMBOOHR.body) == 0
    else:
        with pytest.raises(UnsignedByVendor):
            desk.verify(BAMBOOHR.headers(), BAMBOOHR.body)


def test_the_time_of_bamboohr_is_part_of_what_is_signed() -> None:
    with pytest.raises(UnsignedByVendor):
        reception("bamboohr", NEW).verify(BAMBOOHR.headers(at="1772442001"), BAMBOOHR.body)


@given(
    headers=st.dictionaries(
        st.sampled_from([header for vendor in VENDORS.values() for header in vendor.headers]), st.text()
    ),
    body=st.binary(),
    vendor=st.sampled_from(sorted(VENDORS)),
)
def test_whatever_else_is_sent_is_refused_and_nothing_worse(headers: dict[str, str], body: bytes, vendor: str) -> None:
    with pytest.raises(UnsignedByVendor):
        reception(vendor, OLD, NEW).verify(headers, body)
