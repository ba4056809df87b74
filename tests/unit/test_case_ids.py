"""Ids that a person cannot tell apart are not two people."""

import re
import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from producers.ems.bodies import Decision, Resignation
from producers.ems.identifier import Id

ID: TypeAdapter[str] = TypeAdapter(Id)
PATTERN = re.compile(ID.json_schema()["pattern"])
# DerivedCoreProperties.txt of Unicode 16, Default_Ignorable_Code_Point
IGNORABLE = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)


def is_taken(text: str) -> bool:
    try:
        return ID.validate_python(text) == text
    except ValidationError:
        return False


def test_what_unicode_says_is_not_seen_is_in_no_id() -> None:
    by_category = [chr(code) for code in range(sys.maxunicode) if unicodedata.category(chr(code)) in {"Cc", "Cf"}]
    by_property = [chr(code) for first, last in IGNORABLE for code in range(first, last + 1)]

    taken = [
        hex(ord(sign)) for sign in (*by_category, *by_property) if is_taken(f"e-{sign}1") or is_taken(f"e-1{sign}")
    ]

    assert taken == []


@pytest.mark.parametrize("blank", ["\xa0", "\u2003", "\u2007", "\u202f", "\u3000", "\u2028", "\u2800", "\t", "\n"])
def test_a_blank_that_is_not_the_common_one_is_in_no_id(blank: str) -> None:
    assert not is_taken(f"e{blank}1")
    assert is_taken("e 1")


def test_an_id_has_one_way_to_be_written() -> None:
    assert is_taken("Zoë")
    assert not is_taken("Zoe\u0308")


@pytest.mark.parametrize(
    "text", ["00123", "E-4711", "a.b@example.com", "Größe", "部門-7", "Ωμέγα", "{x}/~%", "\U0001f3d7"]
)
def test_what_can_be_seen_is_an_id(text: str) -> None:
    assert is_taken(text)


@pytest.mark.parametrize("field", ["employee_id", "employee_number", "employment_id", "manager_id", "hr_partner_id"])
def test_every_id_of_a_resignation_is_one(field: str) -> None:
    said: dict[str, Any] = {"employee_id": "e-1", field: "e\u3164"}

    with pytest.raises(ValidationError):
        Resignation(**said)


def test_who_decides_has_an_id_too() -> None:
    with pytest.raises(ValidationError):
        Decision(outcome="RETAINED", decided_by_id="hr\U000e0041")


def test_a_department_may_show_a_picture() -> None:
    assert Resignation(employee_id="e-1", department="Bau \U0001f3d7\ufe0f").department == "Bau \U0001f3d7\ufe0f"


@given(st.text(max_size=5))
def test_what_the_documentation_rules_out_is_refused(text: str) -> None:
    assert PATTERN.search(text) or not is_taken(text)
