"""What became of a person's data, in words and for programs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from infra.cli.shown import shown
from infra.operate.erase import Found, Outcome

_WORDS: Final = {
    "cases": "of its cases, kept without saying whose",
    "requests": "of its requests, kept without what they were answered",
    "rows": "of the rows of its ledger, kept without the person",
    "copies": "of the copies of what it published, deleted",
}
_AGAIN: Final = "A ledger that is rebuilt from the topics knows the id again: erase the person again after that."
_COMPANY: Final = "The directory, mails and calendars are the company's own, and nothing was changed there."


def told(employee_id: str, outcome: Outcome, *, dry_run: bool) -> dict[str, Any]:
    """Return all of it, for programs."""
    traces = outcome.traces
    return {
        "employee_id": employee_id,
        "dry_run": dry_run,
        "cases": [str(case) for case in traces.cases],
        "databases": {one.place.name: one.counts if one.place.is_here else None for one in outcome.found},
        "moved_aside": _aside(outcome),
        "topics": {
            topic: {"records": count, "newest": traces.newest[topic], "gone_by": _gone_by(outcome, topic)}
            for topic, count in sorted(traces.records.items())
        },
        "mails": list(traces.mails),
        "calendar_entries": list(traces.entries),
    }


def show(employee_id: str, outcome: Outcome, *, dry_run: bool) -> None:
    """Print what was erased, or would be, and what remains."""
    print(f"What the topics say of {shown(employee_id)} is over. Cases: {len(outcome.traces.cases)}")
    print("Would be erased (nothing was):" if dry_run else "Erased:")
    for one in outcome.found:
        for line in _lines(one):
            print(f"  {one.place.name:18}{line}")
    print("Remains:")
    for line in _remains(outcome):
        print(f"  {shown(line)}")


def _lines(found: Found) -> Iterator[str]:
    if not found.place.is_here:
        yield "is not here"
    elif not any(found.counts[name] for name in _WORDS if name in found.counts):
        yield "nothing is known there"
    for name, words in _WORDS.items():
        if found.counts.get(name):
            yield f"{found.counts[name]:>6}  {words}"


def _remains(outcome: Outcome) -> Iterator[str]:
    traces = outcome.traces
    for topic, count in sorted(traces.records.items()):
        gone = _gone_by(outcome, topic)
        until = f"gone by {gone:%Y-%m-%d %H:%M} UTC" if gone else "for ever, as that topic keeps all it has"
        yield f"{topic:22}{count:>6} records, the last of {traces.newest[topic]:%Y-%m-%d}, {until}"
    for name, others in ((one.place.name, one.counts.get("mentions")) for one in outcome.found):
        if others:
            yield f"{name:22}{others:>6} rows about others name this id, until those are erased"
    for file in _aside(outcome):
        yield f"an older ledger, which a rebuild moved aside; delete it: {file}"
    yield from (f"mail            Message-ID {one}" for one in traces.mails)
    yield from (f"calendar entry  UID {one}" for one in traces.entries)
    yield _COMPANY
    if traces.records:
        yield _AGAIN


def _aside(outcome: Outcome) -> list[str]:
    return [str(file) for one in outcome.found for file in one.place.aside]


def _gone_by(outcome: Outcome, topic: str) -> datetime | None:
    return outcome.retention[topic].gone_by(outcome.traces.newest[topic])
