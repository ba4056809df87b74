"""What the benchmarks make of the times they measure."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest
from rich.console import Console

from benchmarks.blocks import blocks
from benchmarks.company import CRITICAL_GROUPS
from benchmarks.figures import Figure, as_json, at_least, at_most, effect_figures, plain, show, spread_figure, table
from benchmarks.kit.backlog import flatness
from benchmarks.kit.service import Done, effects_in
from benchmarks.kit.span import Moment, Span, median_rate, times_as_busy, times_as_fast
from benchmarks.pace import paced
from benchmarks.spread import Spread, percentile
from benchmarks.targets import Targets
from schemas.access import CriticalAccessBlocked, CriticalAccessBlockFailed
from schemas.exits import EmployeeResigned

CASE = "01980000-0000-7000-8000-0000cafe0001"
OTHER = "01980000-0000-7000-8000-0000cafe0002"


def printed(*figures: Figure) -> str:
    console = Console(width=100)
    with console.capture() as captured:
        console.print(table(figures))
    return captured.get()


def journal_line(at: str, kind: str, resource_id: str, **resource: object) -> str:
    return json.dumps({"at": at, "type": kind, "id": resource_id, "resource": resource}) + "\n"


@pytest.mark.parametrize(("percent", "expected"), [(1, 1), (50, 50), (99, 99), (100, 100)])
def test_a_percentile_is_a_value_that_was_measured(percent: int, expected: float) -> None:
    hundred = [float(value) for value in range(100, 0, -1)]

    assert percentile(hundred, percent) == expected


def test_the_percentiles_of_one_value_are_that_value() -> None:
    assert Spread.of([7.0]) == Spread(7.0, 7.0)


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Spread.of([])


def test_the_table_says_which_targets_are_met() -> None:
    lines = printed(
        spread_figure("round trip", Spread(1.25, 9.0)),
        at_most("memory", 1.2, 1.3, "GB", 2),
        at_most("share", 9.1, 8, "ratio"),
    ).splitlines()

    assert [line.split() for line in lines[1:]] == [
        ["round", "trip", "1.2", "/", "9.0", "ms"],
        ["memory", "1.20", "GB", "≤", "1.30", "GB", "yes"],
        ["share", "9.1", "×", "≤", "8.0", "×", "missed"],
    ]


def test_the_table_is_plain_when_piped(capsys: pytest.CaptureFixture[str]) -> None:
    show([at_most("share", 9.1, 8, "ratio")])

    assert "\x1b" not in capsys.readouterr().out


def test_programs_get_the_numbers() -> None:
    assert as_json([at_most("memory", 1.2, 1.3, "GB")]) == [
        {"name": "memory", "values": {"GB": 1.2}, "target": "≤ 1.3 GB", "met": True}
    ]


def test_what_the_target_takes_is_not_counted_as_the_choreographys() -> None:
    whole, target, share = effect_figures("mail", 2, [30.0, 40.0], [20.0, 25.0], Spread(2.0, 4.0))

    assert (whole.values["p50_ms"], target.values["p50_ms"]) == (30.0, 20.0)
    assert (share.values, share.met) == ({"ratio": 5.0}, True)


def test_an_effect_that_never_came_is_a_target_missed() -> None:
    missed, *_ = effect_figures("mail", 3, [30.0, 40.0], [20.0, 25.0, 30.0], Spread(2.0, 4.0))

    assert (missed.met, missed.values) == (False, {"in_the_system": 2.0, "alone": 3.0})


def test_a_share_of_less_than_nothing_proves_nothing() -> None:
    *_, share = effect_figures("mail", 2, [10.0, 11.0], [20.0, 25.0], Spread(2.0, 4.0))

    assert (share.values, share.met) == ({"ratio": -5.0}, False)


def test_where_no_effect_came_there_is_nothing_to_compare() -> None:
    assert [one.met for one in effect_figures("mail", 3, [], [], Spread(2.0, 4.0))] == [False]


def test_work_begins_at_its_rate_though_earlier_work_has_not_ended() -> None:
    all_begun = asyncio.Event()
    begun: list[int] = []

    async def work(item: int) -> int:
        begun.append(item)
        if len(begun) == 5:
            all_begun.set()
        await all_begun.wait()
        return item

    started = monotonic()
    results = asyncio.run(paced(100, work, range(5)))

    assert results == [0, 1, 2, 3, 4]
    assert monotonic() - started >= 0.04


def test_effects_are_timed_by_what_the_targets_wrote(tmp_path: Path) -> None:
    mail = tmp_path / "maildir" / "new" / "1.mail"
    entry = tmp_path / "calendars" / "collection-root" / "P1" / "calendar" / f"interview-{CASE}.ics"
    for file in (mail, entry):
        file.parent.mkdir(parents=True)
        file.write_text("nothing to do with it")
    mail.write_text(f"X-MailFrom: a@example.com\nSubject: A staff matter (case {CASE[-8:]})\n\nText\n")
    group, time = CRITICAL_GROUPS[0], "2026-03-02T09:00:0{}.000001+00:00"
    lines = [
        journal_line(time.format(1), "Group", "g", displayName=group, members=[{"value": "u1"}, {"value": "u2"}]),
        journal_line(time.format(2), "User", "u1", displayName="One"),
        journal_line(time.format(3), "Group", "g", displayName=group, members=[{"value": "u2"}]),
        journal_line(time.format(4), "Group", "h", displayName="lunch", members=[{"value": "u2"}]),
        journal_line(time.format(5), "Group", "h", displayName="lunch"),
    ]
    (tmp_path / "directory.jsonl").write_text("".join(lines))

    found = Targets(tmp_path, {"u1": "E1", "u2": "E2"}).await_all({CASE: "E1", OTHER: "E2"}, since=0, seconds=0)

    assert found == {
        "mail": {"E1": mail.stat().st_mtime_ns},
        "interview": {"E1": entry.stat().st_mtime_ns},
        "access": {"E1": 1_772_442_003_000_001_000},
    }


def test_a_value_that_reaches_its_limit_meets_it() -> None:
    lines = printed(
        at_least("effects", 5_000, 5_000, "/s", 0),
        at_least("beside the other one", 11.9, 12, "ratio"),
        plain("by the way", 1_234.5, "/s", 0),
    ).splitlines()

    assert [line.split() for line in lines[1:]] == [
        ["effects", "5,000/s", "≥", "5,000/s", "yes"],
        ["beside", "the", "other", "one", "11.9", "×", "≥", "12", "×", "missed"],
        ["by", "the", "way", "1,234/s"],
    ]


def test_a_span_is_what_lies_between_two_moments() -> None:
    assert Moment(10.0, 1.0).until(Moment(12.0, 1.5), 100) == Span(100, 2.0, 0.5)
    assert Span(100, 2.0, 0.5).rate == 50.0


def test_one_slow_round_in_three_changes_no_figure() -> None:
    rounds = [Span(100, 1.0, 0.5), Span(100, 50.0, 20.0), Span(100, 1.0, 0.5)]
    other = Span(100, 2.0, 0.25)
    pairs = [(one, other) for one in rounds]

    assert median_rate(rounds) == 100.0
    assert times_as_fast(pairs) == 2.0
    assert times_as_busy(pairs) == 2.0


def test_memory_that_grows_is_not_flat() -> None:
    assert flatness([100.0, 100.0, 100.0, 100.0]) == 1.0
    assert flatness([100.0, 100.0, 150.0, 150.0]) == 1.5


def test_a_line_that_is_not_written_whole_yet_is_no_effect(tmp_path: Path) -> None:
    file = tmp_path / "effects.txt"
    nothing = effects_in(file)
    file.write_text("12 C1 1000\n13 C2 2000\n13 C")

    assert nothing == []
    assert effects_in(file) == [Done(12, "C1", 1000), Done(13, "C2", 2000)]


def test_a_block_is_timed_from_its_intent_to_its_proof_by_the_ledger_of_access(tmp_path: Path) -> None:
    begun, proven = "2026-03-02T09:00:00+00:00", "2026-03-02T09:00:01.500000+00:00"
    blocked, failed = CriticalAccessBlocked.__name__, CriticalAccessBlockFailed.__name__
    rows = [(CASE, blocked, "DONE"), (OTHER, failed, "DONE"), (str(uuid4()), None, "INTENT")]
    with closing(sqlite3.connect(tmp_path / "ems.access.db")) as ledger:
        ledger.execute("CREATE TABLE ledger (correlation_id, event_type, fact_type, state, created_at, updated_at)")
        resigned = EmployeeResigned.ce_type()
        times = [(case, resigned, fact, state, begun, proven) for case, fact, state in rows]
        ledger.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?)", times)
        ledger.commit()

    found = blocks(tmp_path)

    assert set(found) == {CASE}
    assert found[CASE].proven - found[CASE].begun == 1_500_000_000
