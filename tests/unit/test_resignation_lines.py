"""A file of resignations, line by line: what is sent, and what is said about a line that is none."""

import io
import json
from typing import Any

import pytest

from infra.errors import WrongUsage
from infra.resignations.lines import LONGEST, BadLine, Resignation, lines, parse_json, resignations
from infra.resignations.table import table

SECRET = "Rosa Canary"


def csv(text: str | bytes) -> list[Resignation | BadLine]:
    numbered = lines(io.BytesIO(text if isinstance(text, bytes) else text.encode()))
    return list(resignations(numbered, table(numbered)))


def jsonl(text: str | bytes) -> list[Resignation | BadLine]:
    return list(resignations(lines(io.BytesIO(text if isinstance(text, bytes) else text.encode())), parse_json))


def bodies(found: list[Resignation | BadLine]) -> list[dict[str, Any]]:
    assert all(isinstance(one, Resignation) for one in found), found
    return [json.loads(one.body) for one in found if isinstance(one, Resignation)]


def bad(found: list[Resignation | BadLine]) -> dict[int, str]:
    reasons = {one.number: one.reason for one in found if isinstance(one, BadLine)}
    assert SECRET not in str(reasons), "a reason repeats nothing of the line"
    return reasons


def test_a_table_is_read_with_its_mark_its_line_ends_and_its_quotation_marks() -> None:
    found = csv(b'\xef\xbb\xbfemployee_id,department,country\r\nE1,"Sales, ""North""",DE\r\n\r\nE2,,\r\n')

    assert bodies(found) == [
        {"employee_id": "E1", "department": 'Sales, "North"', "country": "DE"},
        {"employee_id": "E2"},
    ]
    assert [one.number for one in found] == [2, 4]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_spreadsheet_may_part_columns_its_own_way(delimiter: str) -> None:
    header, line = ("employee_id", "department", "notice_period_days"), ("E1", "Sales, North", "30")
    found = csv(f"{delimiter.join(header)}\n{delimiter.join(line)}")

    assert bodies(found) == [{"employee_id": "E1", "department": "Sales, North", "notice_period_days": 30}]


def test_one_column_is_a_table() -> None:
    assert bodies(csv("employee_id\nE1\n")) == [{"employee_id": "E1"}]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("last_working_day\n2026-01-01", "employee_id is not among them"),
        ("employee_id,employee_id", "twice: employee_id"),
        (f"employee_id,{SECRET}", "in column 2 it says something else"),
        (f"{SECRET},2026-01-01", "in column 1, 2 it says something else"),
        ('"employee_id', "quotation mark"),
        (b"\xff\xfee\x00", "UTF-8"),
    ],
)
def test_a_table_without_the_right_columns_is_refused_whole(header: str | bytes, says: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        csv(header)

    assert says in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_bad_line_of_a_table_spoils_no_other() -> None:
    text = f'employee_id,department\nE1\nE2,a,b\nE3,"{SECRET}\nE4,"a"b\nE5,x\n'.encode() + b"E6,\xff\nE7,\n"
    found = csv(text)

    assert list(bad(found)) == [2, 3, 4, 5, 7]
    assert [one.number for one in found if isinstance(one, Resignation)] == [6, 8]
    assert bad(found)[2] == "The line has 1 columns, and the first line names 2."
    assert "quotation mark" in bad(found)[4]


def test_a_line_that_is_far_too_long_is_passed_over() -> None:
    found = jsonl(b'{"employee_id":"E1"}\n' + b"x" * (10 * LONGEST) + b'\n{"employee_id":"E2"}')

    assert list(bad(found)) == [2]
    assert [one.number for one in found] == [1, 2, 3]


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "1",
        "null",
        '"text"',
        "{",
        "nonsense",
        "[" * 10_000,
        '{"employee_id":' + "[" * 5_000,
        '{"employee_id": "a", "employee_id": "b"}',
        '{"employee_id": "\\ud800"}',
        '{"employee_id": "E1", "id": 7}',
        '{"employee_id": "E1", "id": ""}',
        '{"notice_period_days": ' + "9" * 5_000 + "}",
    ],
)
def test_a_line_that_is_no_object_is_bad(line: str) -> None:
    found = jsonl(f'{line}\n{{"employee_id":"E1"}}')

    assert list(bad(found)) == [1]
    assert len(found) == 2


def test_null_is_not_said() -> None:
    assert bodies(jsonl('{"employee_id": "E1", "department": null}')) == [{"employee_id": "E1"}]


def test_the_same_content_is_the_same_request_however_it_is_written() -> None:
    found = [
        *jsonl(
            '{"employee_id": "E1", "notice_period_days": 30}\n{"notice_period_days":30,"risk":null,"employee_id":"E1"}'
        ),
        *csv("notice_period_days,employee_id\n30,E1"),
    ]

    assert len({one.id for one in found if isinstance(one, Resignation)}) == 1
    assert len({one.body for one in found if isinstance(one, Resignation)}) == 1


def test_other_content_or_another_id_is_another_request() -> None:
    found = jsonl(
        '{"employee_id":"E1"}\n{"employee_id":"E2"}\n{"employee_id":"E1","id":"1"}\n{"employee_id":"E1","id":"2"}'
    )

    assert len({one.id for one in found if isinstance(one, Resignation)}) == 4
    assert all("id" not in body for body in bodies(found))


def test_an_id_names_the_request_whatever_it_says() -> None:
    first, second = jsonl('{"employee_id":"E1","id":"1"}\n{"employee_id":"E2","id":"1"}')

    assert isinstance(first, Resignation)
    assert isinstance(second, Resignation)
    assert first.id == second.id


@pytest.mark.parametrize("text", [b"", b"\n", b"\xef\xbb\xbf", b"\r\n  \r\n"])
def test_nothing_is_no_line(text: bytes) -> None:
    assert jsonl(text) == []
