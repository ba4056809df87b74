"""The ledger: one row per reaction to an event, written before and after the effect.

INTENT is committed before the effect is attempted, DONE together with the fact. A row that is DONE, SKIPPED or HELD
is finished: a second delivery of its event finds it and does nothing, which is what makes a replay harmless. Until a
row is DONE or SKIPPED it keeps the record itself: a held one is run from there (see `choreography.consume.backlog`).

Every write is made under a claim, checked in the same transaction (see `choreography.ledger.claims`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from choreography.clock import Clock
from choreography.ledger.claims import check_claim
from choreography.ledger.entry import Entry
from choreography.ledger.hold import Holding
from choreography.ledger.table import Order, State, ledger
from choreography.outbox.outbox import pack_headers
from choreography.wire.record import Place

# Built once: building a statement costs more than executing it.
_OF: Final = ledger.c.effect_key == bindparam("of")
_FIND: Final = select(ledger).where(_OF)
_FIND_ALL: Final = select(ledger).where(ledger.c.effect_key.in_(bindparam("keys", expanding=True)))
_PLACES: Final = select(ledger.c.topic, ledger.c.partition, ledger.c.offset).where(
    ledger.c.effect_key.in_(bindparam("keys", expanding=True)), ledger.c.state.in_((State.DONE, State.SKIPPED))
)
_INSERT: Final = insert(ledger)
_FINISH: Final = (
    update(ledger)
    .where(_OF)
    .values(state=State.DONE, fact_type=bindparam("fact_is"), fact=bindparam("says"), raw_key=None, raw_value=None)
    .values(raw_headers=None, claim=bindparam("by"), updated_at=bindparam("at"))
)
_CHANGE: Final = update(ledger).where(_OF)
_DECIDE: Final = update(ledger).where(_OF, ledger.c.decided.is_(None))
_OF_CASE: Final = (ledger.c.record_key == bindparam("key"), ledger.c.correlation_id == bindparam("correlation"))
_UNDO: Final = (
    update(ledger)
    .where(*_OF_CASE, ledger.c.event_type.in_(bindparam("types", expanding=True)))
    .where(ledger.c.sequence < bindparam("order"), ledger.c.state != State.DONE)
    .values(state=State.SKIPPED, raw_key=None, raw_value=None, raw_headers=None)
)


class Ledger:
    """The rows of one group; every method runs inside a transaction of the caller."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def find(self, tx: Connection, entry: Entry) -> RowMapping | None:
        """Return the row of an effect."""
        return tx.execute(_FIND, {"of": str(entry.effect_key)}).mappings().one_or_none()

    def intend(self, tx: Connection, entry: Entry, row: RowMapping | None) -> None:
        """Write down that the effect is about to be attempted; `row` is what stands so far."""
        values: dict[str, Any] = {"state": State.INTENT, "begun": True, "attempts": 1}
        if row is not None:
            values["attempts"] = row["attempts"] + 1
            values |= {"blocks_lane": False, "not_before": None, "ordered": None}
            values["released"] = row["released"] or row["ordered"] == Order.RELEASE
        self._write(tx, entry, values, is_new=row is None)

    def find_all(self, tx: Connection, entries: Sequence[Entry]) -> dict[str, RowMapping]:
        """Return the rows of many effects, by effect key."""
        keys = [str(entry.effect_key) for entry in entries]
        return {row["effect_key"]: row for row in tx.execute(_FIND_ALL, {"keys": keys}).mappings()}

    def finished_places(self, tx: Connection, keys: Sequence[str]) -> set[Place]:
        """Return where the events of these effects stand that are done or skipped."""
        return {Place(*row) for row in tx.execute(_PLACES, {"keys": list(keys)})}

    def intend_all(self, tx: Connection, entries: Sequence[Entry]) -> None:
        """Write down that effects are about to be attempted of which nothing stands so far; claims are checked."""
        now = self._clock.now().isoformat()
        begun = {"begun": True, "attempts": 1, "created_at": now, "updated_at": now}
        if entries:
            tx.execute(_INSERT, [{**_new(entry), **begun, "claim": entry.claim} for entry in entries])

    def finish_all(self, tx: Connection, finished: Sequence[tuple[Entry, str, str]]) -> None:
        """Write down that effects happened, each with the type and text of its fact; claims are checked."""
        now = self._clock.now().isoformat()
        rows = [
            {"of": str(entry.effect_key), "by": entry.claim, "at": now, "fact_is": kind, "says": text}
            for entry, kind, text in finished
        ]
        if rows:
            tx.execute(_FINISH, rows)

    def set_untouched(self, tx: Connection, entry: Entry) -> None:
        """Take back that the target may have been touched."""
        self._write(tx, entry, {"begun": False})

    def decide(self, tx: Connection, entry: Entry, kind: str, text: str) -> None:
        """Write a decision down, unless one stands already."""
        check_claim(tx, entry.record.at, entry.claim)
        tx.execute(_DECIDE, {"of": str(entry.effect_key), "decided_kind": kind, "decided": text})

    def state_decision(self, tx: Connection, entry: Entry, state: Callable[[], int]) -> int:
        """Return the row of the outbox that states the decision: added once, however often an attempt asks."""
        row = self.find(tx, entry)
        if row is not None and row["decided_row"] is not None:
            return int(row["decided_row"])
        number = state()
        self._write(tx, entry, {"decided_row": number})
        return number

    def skip(self, tx: Connection, entry: Entry) -> None:
        """Write down that the event needs no effect."""
        self._write(tx, entry, {"state": State.SKIPPED, **_NO_RECORD})

    def hold(self, tx: Connection, entry: Entry, hold: Holding, *, begun: bool) -> int:
        """Keep the record until a person decides, or the time comes; return how often it has been held by now."""
        row = self.find(tx, entry)
        holds = 1 if row is None else row["holds"] + 1
        values = {"state": State.HELD, "begun": begun, "hold_reason": hold.reason, "hold_detail": hold.detail}
        values |= {"blocks_lane": hold.blocks_lane, "ordered": None, "holds": holds}
        values["not_before"] = hold.not_before.isoformat() if hold.not_before else None
        self._write(tx, entry, values, is_new=row is None)
        return holds

    def undo(self, tx: Connection, entry: Entry, types: Sequence[str]) -> None:
        """Close what a later event of the same case has undone: it never runs again and is no open decision."""
        if types:
            of_case = {"key": entry.record_key, "correlation": str(entry.correlation), "order": entry.order}
            tx.execute(_UNDO, {**of_case, "types": list(types), "undone_by": str(entry.event_id)})

    def _write(self, tx: Connection, entry: Entry, values: dict[str, Any], *, is_new: bool = False) -> None:
        check_claim(tx, entry.record.at, entry.claim)
        values |= {"claim": entry.claim, "updated_at": self._clock.now().isoformat()}
        if not is_new:
            is_new = tx.execute(_CHANGE, {"of": str(entry.effect_key), **values}).rowcount == 0
        if is_new:
            tx.execute(_INSERT, _new(entry) | {"created_at": values["updated_at"]} | values)


_NO_RECORD: Final[Mapping[str, None]] = {"raw_key": None, "raw_value": None, "raw_headers": None}


def _new(entry: Entry) -> dict[str, Any]:
    record = entry.record
    return {
        "effect_key": str(entry.effect_key),
        "record_key": entry.record_key,
        "correlation_id": str(entry.correlation),
        "sequence": entry.order,
        "event_id": str(entry.event_id),
        "event_type": entry.event_type,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "state": State.INTENT,
        "begun": False,
        "attempts": 0,
        "holds": 0,
        "blocks_lane": False,
        "released": False,
        "raw_key": record.key,
        "raw_value": record.value,
        "raw_headers": pack_headers(record.headers),
        "raw_timestamp": record.timestamp_ms,
    }
