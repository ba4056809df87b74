"""Anomalies of offsets: committed past what is not finished, or not moving any more."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from typing import Final, NamedTuple

from tests.checker.anomaly import Anomaly, Name
from tests.checker.duty import FINISHED, Duty, Place
from tests.checker.excuses import may_be_held
from tests.checker.history import Commit, Line, Record, Row
from tests.checker.index import Index

NEVER: Final = float("inf")
WAITING: Final = frozenset({"QUEUED", "LATER"})


class _Owed(NamedTuple):
    """A record that a group must bring to an end: it has a duty for it, or it is poison."""

    record: Record
    duty: Duty | None
    rows: list[Row]


def offsets_past_undone(index: Index) -> Iterator[Anomaly]:
    """Find commits that stand behind a record which was not finished then; one anomaly per partition."""
    owed = _owed(index)
    for place in index.places():
        if place[0] in index.ledgers_lost:
            continue
        commits = _Commits(index.commits.get(place, ()))
        past = [
            (one, commit)
            for one in owed.get(place, ())
            if (commit := commits.first_past(one.record.offset)) is not None and _is_unfinished(index, one, commit)
        ]
        if past:
            one, commit = past[0]
            more = f", and {len(past) - 1} more" if len(past) > 1 else ""
            says = f"{place[0]} committed {commit.offset} while {one.record.offset} was not finished{more}."
            row = one.rows[-1:] if one.rows else []
            yield Anomaly(Name.OFFSET_PAST_UNDONE, says, (one.record, *row, commit))


def wedged_partitions(index: Index) -> Iterator[Anomaly]:
    """Find partitions in which something waits that nobody will do; one anomaly per group and partition."""
    if not index.expectations.quiet:
        return
    owed = _owed(index)
    for place in index.places():
        if place[0] in index.expectations.brakes:
            continue
        found = _not_reached(index, place, owed.get(place, [])) or _not_ended(index, place, owed.get(place, []))
        if found is not None:
            yield found


class _Commits:
    """The commits of a group in a partition: which was the first that stood behind an offset?"""

    def __init__(self, commits: list[Commit] | tuple[Commit, ...]) -> None:
        own = sorted((one for one in commits if one.source == "member"), key=lambda one: -one.offset)
        self._offsets = [-one.offset for one in own]
        self._first = list(accumulate(own, _earlier))

    def first_past(self, offset: int) -> Commit | None:
        """Return the earliest commit that is greater than an offset."""
        count = bisect_right(self._offsets, -offset - 1)
        return self._first[count - 1] if count else None


def _owed(index: Index) -> dict[Place, list[_Owed]]:
    found: dict[Place, list[_Owed]] = defaultdict(list)
    for duty in index.duties.values():
        if not duty.is_before_begin:
            found[duty.place].append(_Owed(duty.event.record, duty, duty.rows))
    groups = {(one.topic, one.group) for one in index.expectations.reactions}
    for record in index.poison:
        for topic, group in groups:
            if topic == record.topic and record.offset >= index.begins.get((group, topic, record.partition), 0):
                rows = index.rows_at.get((group, topic, record.partition, record.offset), [])
                found[group, topic, record.partition].append(_Owed(record, None, rows))
    for one in found.values():
        one.sort(key=lambda owed: owed.record.offset)
    return found


def _is_unfinished(index: Index, owed: _Owed, commit: Commit) -> bool:
    """Whether the lines of the ledger prove that a record was not finished when an offset behind it was committed."""
    if not owed.rows:
        return True
    last = owed.rows[-1]
    if len(owed.rows) == 1:
        if last.state == "INTENT":
            return last.hold_reason is None and not last.released
        since = last.created_at
        return since is not None and commit.at is not None and since > commit.at + index.slack
    ended = next((row for row in owed.rows if row.state in FINISHED), None)
    if ended is None:
        return True
    return ended.at is not None and commit.at is not None and ended.at > commit.at + index.slack


def _not_reached(index: Index, place: Place, owed: list[_Owed]) -> Anomaly | None:
    group, topic, partition = place
    commits = index.commits.get(place, [])
    position = commits[-1].offset if commits else index.begins.get(place, 0)
    last: tuple[Line, ...] = tuple(commits[-1:])
    for one in owed:
        if one.record.offset >= position and not _is_ended(one):
            says = f"{group} stands at {position} in {topic}:{partition} and does not go on."
            return Anomaly(Name.WEDGED_PARTITION, says, (*last, one.record, *one.rows[-1:]))
    records = index.records[topic, partition]
    if commits and records and records[-1].offset >= position:
        says = f"{group} has finished {topic}:{partition}, and its committed offset stays at {position}."
        return Anomaly(Name.WEDGED_PARTITION, says, (*last, records[-1]))
    return None


def _not_ended(index: Index, place: Place, owed: list[_Owed]) -> Anomaly | None:
    for one in owed:
        if one.duty is None or not one.rows:
            continue
        row = one.rows[-1]
        waits = row.state == "HELD" and (row.ordered is not None or row.released or row.hold_reason in WAITING)
        if row.state == "INTENT" or (waits and not may_be_held(index, one.duty)):
            says = f"{place[0]} has left {one.duty.event.type} {one.duty.event.id} in state {row.state}."
            return Anomaly(Name.WEDGED_PARTITION, says, (one.record, row))
    return None


def _is_ended(owed: _Owed) -> bool:
    return bool(owed.rows) and owed.rows[-1].state in FINISHED


def _earlier(one: Commit, other: Commit) -> Commit:
    return other if _time(other) <= _time(one) else one


def _time(commit: Commit) -> float:
    return NEVER if commit.at is None else commit.at
