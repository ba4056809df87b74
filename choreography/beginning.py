"""The first assignment of a partition to a group: where it begins, written down and stated."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time

import structlog
from sqlalchemy import Connection

from choreography import statements
from choreography.journal import Journal
from choreography.offsets import Offsets
from choreography.positions import Starts, begin_positions, ledger_id, write_begin_positions
from choreography.record import TopicPartition

log = structlog.stdlib.get_logger(__name__)


def begin(
    journal: Journal, starts: Starts, missing: Sequence[TopicPartition], ask: Offsets
) -> Mapping[TopicPartition, int]:
    """Return where partitions begin that have no committed offset; write down and state those that are new.

    Called on the consumer's thread. The log line says how many records a new group has before it.
    """
    written = journal.persist_sync(begin_positions)
    fresh = _first_positions(starts, [at for at in missing if at not in written], ask)
    if fresh:
        waiting = sum(ask.watermarks(at)[1] - first for at, first in fresh.items())
        log.info("group.begun", starts=str(starts), partitions=len(fresh), records_waiting=waiting)

        def work(tx: Connection) -> None:
            write_begin_positions(tx, fresh)
            said = statements.began(journal.group, ledger_id(tx, journal.group), fresh, journal.clock.now())
            journal.outbox.add(tx, said, topic=journal.reactions)

        journal.persist_sync(work)
    return {at: fresh[at] if at in fresh else written[at] for at in missing}


def _first_positions(starts: Starts, missing: Sequence[TopicPartition], ask: Offsets) -> dict[TopicPartition, int]:
    if starts == "earliest":
        return {at: ask.watermarks(at)[0] for at in missing}
    if starts == "now":
        return {at: ask.watermarks(at)[1] for at in missing}
    midnight = datetime.combine(starts, time(), UTC)
    return dict(ask.since(missing, int(midnight.timestamp() * 1000))) if missing else {}
