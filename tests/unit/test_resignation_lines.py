"""A file of resignations, line by line: what is sent, and what is said about a line that is none."""

import io
import json
from collections.abc import Sequence
from typing import Any

import pytest

from infra.errors import WrongUsage
from infra.resignations.columns import columns
from infra.resignations.lines import LONGEST, BadLine, NoResignation, Resignation, lines, parse_json, resignations
from infra.resignations.table import table

SECRET = "Rosa Canary"
PEOPLE = {"rosa@contoso.com": "E1", "otto@contoso.com": "E2"}


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


def who(name: str) -> str:
    if name not in PEOPLE:
        raise NoResignation("nobody in the directory is called so: it must be exactly one")
    return PEOPLE[name]


def test_columns_that_are_called_otherwise_are_mapped_and_others_are_named_once_and_ignored() -> None:
    text = 'sep=;\nPersonal-Nr.;Name;Austritt;Name\n00123;"Canary; Rosa";31.03.2027;x;;\n;;;\n00124;;;\n'
    named: list[Sequence[str]] = []
    numbered = lines(io.BytesIO(text.encode()))
    told = columns(["employee_id=Personal-Nr.", "last_working_day=Austritt"], date_format="DD.MM.YYYY")

    found = list(resignations(numbered, table(numbered, told, ignored=named.append)))

    assert bodies(found) == [{"employee_id": "00123", "last_working_day": "2027-03-31"}, {"employee_id": "00124"}]
    assert ([one.number for one in found], named) == ([3, 5], [["Name", "Name"]])


def test_the_export_of_the_hr_connector_is_read_by_its_profile() -> None:
    text = (
        "HRScenario,EmailAddress,ResignationDate,LastWorkingDate,EffectiveDate,YearsOnLevel,OldLevel,NewLevel\n"
        "Resignation,rosa@contoso.com,2019-04-23T15:18:02.4675041+05:30,2019-04-29T23:59:02.4675041+05:30,,,,\n"
        "Job level change,otto@contoso.com,,,2019-04-23T15:18:02.4675041+05:30,3,L61,L60\n"
        "Resignation,otto@contoso.com,2019-04-23T15:18:02.4675041+05:30,2019-04-29,,,,\n"
        "Resignation,nobody@contoso.com,2019-04-23T15:18:02Z,,,,,\n"
    )
    numbered = lines(io.BytesIO(text.encode()))

    found = list(resignations(numbered, table(numbered, columns(profile="microsoft-hr-connector"), who)))

    sent = [json.loads(one.body) for one in found if isinstance(one, Resignation)]
    assert sent == [{"employee_id": "E1", "submitted_on": "2019-04-23", "last_working_day": "2019-04-29"}]
    assert bad(found) == {
        4: "last_working_day: is not a day written as moment.",
        5: "employee_id: nobody in the directory is called so: it must be exactly one.",
    }


@pytest.mark.parametrize(
    ("written", "cell", "day"),
    [
        ("DD.MM.YYYY", "31.03.2027", "2027-03-31"),
        ("M/D/YYYY", "3/31/2027", "2027-03-31"),
        ("MM/DD/YYYY", "03/31/2027", "2027-03-31"),
        ("moment", "2027-03-31T23:30:00-08:00", "2027-03-31"),
        ("DD.MM.YYYY", "2027-03-31", None),
        ("DD.MM.YYYY", "31.3.2027", None),
        ("DD.MM.YYYY", "31.02.2027", None),
        ("MM/DD/YYYY", "31/03/2027", None),
        ("DD.MM.YYYY", "0", None),
        ("moment", "2027-03-31", None),
    ],
)
def test_a_day_is_read_by_the_stated_format_alone(written: str, cell: str, day: str | None) -> None:
    numbered = lines(io.BytesIO(f"employee_id,last_working_day\nE1,{cell}\n".encode()))
    found = list(resignations(numbered, table(numbered, columns(date_format=written))))

    assert ([one["last_working_day"] for one in bodies(found)] == [day]) if day else list(bad(found)) == [2]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"pairs": ["employee_id"]}, "--columns"),
        ({"pairs": ["salary=Pay"]}, "no field salary"),
        ({"pairs": ["employee_id=Nr"]}, "Nr is not among them"),
        ({"date_format": "DD.MM.YY"}, "DD.MM.YYYY"),
        ({"date_format": "DD.MM.YYYY DD"}, "DD.MM.YYYY"),
        ({"profile": "nowhere"}, "microsoft-hr-connector"),
        ({"employee_is": "nickname"}, "user_name"),
    ],
)
def test_what_is_said_wrongly_about_a_file_is_refused_before_it_is_read(how: dict[str, Any], says: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        table(lines(io.BytesIO(b"employee_id\nE1\n")), columns(**how))

    assert says in str(refused.value)


@pytest.mark.parametrize(
    "cell",
    [
        '"=""00123"""',
        '="00123"',
        "=A1+1",
        "#N/A",
        "#REF!",
        "#NAME?",
        "#####",
        "NULL",
        "null",
        "N/A",
        "1.23E+05",
        "1,2E5",
    ],
)
def test_what_a_spreadsheet_or_a_database_leaves_behind_is_no_id(cell: str) -> None:
    found = csv(f"employee_id;department\n{cell};x\nE2;y\n")

    assert list(bad(found)) == [2]
    assert [one.number for one in found if isinstance(one, Resignation)] == [3]


def test_the_same_is_no_id_in_json_either() -> None:
    assert list(bad(jsonl('{"employee_id":"NULL"}\n{"employee_id":"#N/A"}\n{"employee_id":"=\\"1\\""}'))) == [1, 2, 3]
    assert bodies(jsonl('{"employee_id":"1E5"}\n{"employee_id":"#17"}\n{"employee_id":"Null-7"}'))


@pytest.mark.parametrize("read", [csv, jsonl])
def test_an_id_in_two_normal_forms_opens_one_case(read: Any) -> None:
    composed, apart = "Zo\u00eb", "Zoe\u0308"
    text = f"employee_id\n{composed}\n{apart}\n"
    if read is jsonl:
        text = "\n" + "\n".join(json.dumps({"employee_id": one}, ensure_ascii=False) for one in (composed, apart))
    found = read(text)

    assert [one.number for one in found if isinstance(one, Resignation)] == [2]
    assert "NFD" in bad(found)[3]


def test_a_file_with_carriage_returns_alone_is_told_as_that() -> None:
    for text in (b"employee_id\rE1\rE2\r", b"employee_id\r" + b"E1\r" * LONGEST):
        with pytest.raises(WrongUsage, match=r"Line 1.*carriage return"):
            csv(text)
    assert "carriage return" in bad(csv(b"employee_id\nE1\rE2\n"))[2]


def test_rows_of_separators_alone_are_no_lines() -> None:
    assert bodies(csv("employee_id,country\n,\nE1,DE\n , \n,,,,\n")) == [{"employee_id": "E1", "country": "DE"}]
