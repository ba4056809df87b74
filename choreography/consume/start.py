"""Where a member begins to read in the partitions that it was given: the committed offset and the ledger, compared.

The offset is only a cursor; the ledger knows what was done. Before anything is read, the two have to belong together:

| committed offset, and the ledger it names | the ledger | then |
|---|---|---|
| own | has come as far, or farther | go on at the offset |
| none | knows the topic | go on at the offset: a person reset the group, and a replay is harmless |
| no committed offset | knows the partition | go on at its finished prefix, else where it began |
| no committed offset | knows the topic, not the partition | the topic grew: begin at its first record |
| no committed offset anywhere in the topic | does not know the topic | begin where the service's `starts` says |
| another | | refuse |
| own | has not come as far | refuse: an older copy was brought back |
| own or none | does not know the topic | refuse: the ledger was lost, or is on another host |

Refusing ends the process before it did anything: with the wrong ledger a second effect could not be told from a first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from uuid import UUID

import structlog
from sqlalchemy import Connection

from choreography.errors import InvalidSettings
from choreography.kafka.offsets import Committed, Offsets
from choreography.ledger import statements
from choreography.ledger.journal import Journal
from choreography.ledger.positions import Place, Starts, ledger_id, places, reset_finished, write_begin_positions
from choreography.wire.record import TopicPartition

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Beginning:
    """How to begin in the partitions given to this member.

    Attributes:
        onward: where reading goes on.
        reset: those of them whose offset a person moved, or another tool wrote.
        added: partitions that the topic got after the group had begun; they begin at their first record.
        fresh: every partition of the topics in which the group begins now, those of other members too.
    """

    onward: Mapping[TopicPartition, int]
    reset: Mapping[TopicPartition, int]
    added: tuple[TopicPartition, ...]
    fresh: tuple[TopicPartition, ...]


def decide(
    group: str,
    ledger: UUID,
    *,
    given: Sequence[TopicPartition],
    partitions: Sequence[TopicPartition],
    committed: Mapping[TopicPartition, Committed],
    known: Mapping[TopicPartition, Place],
) -> Beginning:
    """Decide how to begin, see the table above.

    Args:
        group: the consumer group.
        ledger: the id of the ledger at hand.
        given: the partitions given to this member.
        partitions: all of the group's topics.
        committed: the committed offsets in all of them, asked for before the ledger was read.
        known: what the ledger knows.

    Raises:
        InvalidSettings: the ledger at hand is not the one that stands behind the committed offsets.
    """
    topics = {at.topic for at in known}
    reasons = tuple(_reasons(group, ledger, committed, known))
    if reasons:
        raise InvalidSettings(reasons)
    onward = {at: known[at].prefix for at in given if at in known}
    onward |= {at: committed[at].offset for at in given if at in committed}
    return Beginning(
        onward=onward,
        reset={at: offset for at, offset in onward.items() if at in committed and committed[at].ledger is None},
        added=tuple(at for at in given if at not in known and at.topic in topics),
        fresh=tuple(at for at in partitions if at.topic not in topics),
    )


def begin(
    journal: Journal, starts: Starts, given: Sequence[TopicPartition], ask: Offsets
) -> Mapping[TopicPartition, int]:
    """Return where this member reads in the partitions given to it; write down and state where the group begins.

    Called on the consumer's thread. The log says how many records and cases a new group has before it.

    Raises:
        InvalidSettings: the ledger is not the one that stands behind the committed offsets.
    """
    partitions, committed = ask.partitions(), ask.committed()  # before the ledger, which is written before them
    ledger, known = journal.persist_sync(lambda tx: (ledger_id(tx, journal.group), places(tx)))
    found = decide(journal.group, ledger, given=given, partitions=partitions, committed=committed, known=known)
    earliest = {at: ask.watermarks(at)[0] for at in found.added}
    begins = earliest | _first_positions(starts, found.fresh, ask)
    if begins or found.reset:
        written = journal.persist_sync(lambda tx: _write(tx, journal, begins, found.reset))
        known = known | {at: Place(offset, None) for at, offset in written.items()}
    if found.fresh:
        _say(starts, {at: (known[at].begin, ask.watermarks(at)[1]) for at in found.fresh}, ask)
    if found.added:
        log.info("partitions.added", begins="at their first record, so that nothing is lost", partitions=len(earliest))
    return {at: found.onward[at] if at in found.onward else known[at].begin for at in given}


def _say(starts: Starts, spans: Mapping[TopicPartition, tuple[int, int]], ask: Offsets) -> None:
    """Say what the first start of a group means, before the first record is handed out."""
    waiting = sum(end - first for first, end in spans.values())
    cases = ask.cases(spans) if waiting else 0
    before = {"records_waiting": waiting, "cases_waiting": "too many to count" if cases is None else cases}
    log.info("group.begun", starts=str(starts), partitions=len(spans), **before)


def _write(
    tx: Connection, journal: Journal, begins: Mapping[TopicPartition, int], reset: Mapping[TopicPartition, int]
) -> Mapping[TopicPartition, int]:
    """Write down and state what is new; return where the partitions begin that another member was not faster with."""
    ledger = ledger_id(tx, journal.group)  # one member after the other
    standing = places(tx)
    new = {at: offset for at, offset in begins.items() if at not in standing}
    if new:
        write_begin_positions(tx, new)
        journal.outbox.add(
            tx, statements.began(journal.group, ledger, new, journal.clock.now()), topic=journal.reactions
        )
    reset_finished(tx, reset)
    return {at: standing[at].begin if at in standing else offset for at, offset in begins.items()}


def _first_positions(starts: Starts, fresh: Sequence[TopicPartition], ask: Offsets) -> dict[TopicPartition, int]:
    if starts == "earliest":
        return {at: ask.watermarks(at)[0] for at in fresh}
    if starts == "now":
        return {at: ask.watermarks(at)[1] for at in fresh}
    midnight = datetime.combine(starts, time(), UTC)
    return dict(ask.since(fresh, int(midnight.timestamp() * 1000))) if fresh else {}


def _reasons(
    group: str, ledger: UUID, committed: Mapping[TopicPartition, Committed], known: Mapping[TopicPartition, Place]
) -> Iterator[str]:
    topics = {at.topic for at in known}
    foreign = [at for at, one in committed.items() if one.ledger not in (None, ledger)]
    strange = [at for at in committed if at.topic not in topics and at not in foreign]
    behind = [
        at
        for at, one in committed.items()
        if one.ledger == ledger and at.topic in topics and (at not in known or known[at].prefix < one.offset)
    ]
    if foreign:
        others = ", ".join(sorted({str(committed[at].ledger) for at in foreign}))
        what = f"another ledger ({others}) stands behind its offsets in {_names(foreign)} than the one here ({ledger})"
        yield _refusal(group, what, "its database was replaced, or is on another host")
    if strange:
        what = (
            f"it has committed offsets in {_names(strange)}, but the ledger here knows nothing of what was done there"
        )
        yield _refusal(group, what, "its database was lost, or is on another host")
    if behind:
        what = f"its committed offsets in {_names(behind)} are ahead of the ledger here"
        yield _refusal(group, what, "an older copy of its database was brought back")


def _refusal(group: str, what: str, why: str) -> str:
    return (
        f"{group}: {what}: {why}. Nothing was read, since effects could be repeated. Give it its database back, or "
        f"make a ledger from the log, and start again: {group.partition('.')[0]} ledger rebuild --group {group}"
    )


def _names(partitions: Iterable[TopicPartition]) -> str:
    return ", ".join(sorted({at.topic for at in partitions}))
