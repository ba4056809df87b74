"""The outcome of a run as text: what was done, what came of it, and the command that does it again."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from tests.chaos.outcome import Outcome
from tests.chaos.plan import FAIL_POINTS
from tests.checker.anomaly import Name

_LOST: Final = frozenset({Name.LOST_EVENT, Name.LOST_EFFECT})
_WIDTH: Final = 46


def table(outcome: Outcome, command: str) -> str:
    """Return everything, line by line."""
    return "\n".join(
        [
            *_done(outcome),
            "",
            *_fail_points(outcome),
            "",
            *_faults(outcome),
            "",
            *_found(outcome),
            "",
            f"Seed {outcome.dose.seed}, {outcome.seconds / 60:.1f} minutes. The same again: {command}",
        ]
    )


def kills_by_process(outcome: Outcome) -> Counter[str]:
    """Return how often each process was killed, in whichever way."""
    found: Counter[str] = Counter()
    for (process, _), times in outcome.diary.counts("kill").items():
        found[process] += times
    return found


def _done(outcome: Outcome) -> Iterator[str]:
    diary = outcome.diary
    yield _line("kill -9", diary.total("kill"))
    for process, times in kills_by_process(outcome).most_common():
        yield _line(f"  {process}", times)
    yield _line("paused past the session time-out, then woken", diary.total("pause"))
    yield _line("a second member joined, and left", diary.total("join"))
    yield _line("broker restarted (beside its kills)", diary.total("restart"))
    yield _line("a target was away for seconds", diary.total("away"))
    yield _line("released by a person", diary.total("release"))
    for (process, how), times in sorted(diary.counts("ended by itself").items()):
        yield _line(f"{process} ended by itself, {how}", times)


def _fail_points(outcome: Outcome) -> Iterator[str]:
    hits: Counter[str] = Counter()
    for (_, point), times in outcome.diary.counts("kill").items():
        hits[point] += times
    yield "kill -9 at a fail point"
    for point in FAIL_POINTS:
        yield _line(f"  {point}", hits[point])


def _faults(outcome: Outcome) -> Iterator[str]:
    found = outcome.diary.counts("fault")
    for target in sorted({target for target, _ in found}):
        kinds = {kind: times for (where, kind), times in found.items() if where == target}
        yield _line(f"{target} misbehaved", sum(kinds.values()))
        for kind, times in sorted(kinds.items()):
            yield _line(f"  {kind}", times)


def _found(outcome: Outcome) -> Iterator[str]:
    history = outcome.history
    names = Counter(one.name for one in outcome.anomalies)
    targets = Counter(one.target for one in history.effects if one.by == "product")
    yield _line("events accepted by the intake", outcome.accepted)
    yield _line("  requests repeated with their own id", outcome.repeated)
    yield _line("records on the topics", len(history.records))
    yield _line("reactions in the ledgers", len(history.ledger))
    yield _line("effects at the targets", sum(targets.values()))
    for target, times in sorted(targets.items()):
        yield _line(f"  {target}", times)
    yield _line("lost", sum(times for name, times in names.items() if name in _LOST))
    yield _line("doubled", names[Name.DUPLICATE_EFFECT])
    yield _line("anomalies of any kind", len(outcome.anomalies))
    for name, times in sorted(names.items()):
        yield _line(f"  {name}", times)
    if outcome.missing:
        yield f"Not at rest in time: {outcome.missing}"


def _line(what: str, number: int) -> str:
    return f"{what:<{_WIDTH}} {number:>8,}"
