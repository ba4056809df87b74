"""What an effect remembers, read from and written to the ledger."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, select

from choreography.declare.effect import Effect
from choreography.declare.event import Event
from choreography.failpoint import reach
from choreography.ledger import statements
from choreography.ledger.begin import Opened, Opening
from choreography.ledger.claims import check_claim
from choreography.ledger.entry import Entry
from choreography.ledger.journal import Journal
from choreography.ledger.table import State, ledger

# Built once: building a statement costs more than executing it.
_OF_KEY: Final = ledger.c.record_key == bindparam("key")
_FACTS: Final = (
    select(ledger.c.fact_type, ledger.c.fact)
    .where(_OF_KEY, ledger.c.fact_type.in_(bindparam("kinds", expanding=True)))
    .order_by(ledger.c.updated_at, ledger.c.number)
)
_FACTS_OF_CASE: Final = _FACTS.where(ledger.c.correlation_id == bindparam("correlation"))
_UNFINISHED: Final = (
    select(ledger.c.decided)
    .where(_OF_KEY, ledger.c.decided_kind == bindparam("kind"), ledger.c.effect_key != bindparam("of"))
    .where(ledger.c.state != State.DONE, ledger.c.undone_by.is_(None))
    .order_by(ledger.c.number)
)
_NEWEST: Final = (
    select(ledger.c.created_at)
    .where(ledger.c.event_type == bindparam("type"), ledger.c.state != State.SKIPPED)
    .order_by(ledger.c.number.desc())
    .limit(1)
    .offset(bindparam("before"))
)


@dataclass
class LedgerMemory:
    """The memory of one effect; see `choreography.declare.effect.Memory` for what its methods promise.

    Attributes:
        entry: whose memory it is.
        journal: where it is kept.
        facts_by_name: the service's own fact types.
        published: waits until a row of the outbox is acknowledged by the broker.
        undecided: it is known that nothing has been decided, so the ledger need not be asked.
    """

    entry: Entry
    journal: Journal
    facts_by_name: Mapping[str, type[Event]]
    published: Callable[[int], Awaitable[None]]
    undecided: bool

    async def decided(self) -> tuple[str, str] | None:
        """Return the kind and JSON text of this effect's decision, if one was written down."""
        if self.undecided:
            return None
        row = await self.journal.find(self.entry)
        return (row["decided_kind"], row["decided"]) if row is not None and row["decided"] is not None else None

    async def decide(self, kind: str, text: str, *, logged: bool) -> None:
        """Write the decision down; with `logged` wait until the broker has it too."""
        journal, entry = self.journal, self.entry
        self.undecided = False

        def work(tx: Connection) -> int | None:
            journal.ledger.decide(tx, entry, kind, text)
            if not logged:
                return None
            said = statements.decided(journal.group, entry, kind, text, journal.clock.now())
            return journal.ledger.state_decision(
                tx, entry, lambda: journal.outbox.add(tx, said, topic=journal.reactions, causation=entry.event_id)
            )

        row = await journal.persist(work)
        if row is not None:
            await self.published(row)
        reach("after_decided")

    async def facts(self, kinds: Sequence[type[Event]], *, same_case: bool, of: str | None) -> Sequence[Event]:
        """Return the facts of these types that this service stated, oldest first: for this key, or for key `of`."""
        wanted: dict[str, Any] = {"key": self.entry.record_key if of is None else of}
        wanted["kinds"] = [kind.__name__ for kind in kinds]
        if same_case:
            wanted["correlation"] = str(self.entry.correlation)
        rows = await self._asked(_FACTS_OF_CASE if same_case else _FACTS, wanted)
        return [self.facts_by_name[row.fact_type].model_validate_json(row.fact) for row in rows]

    async def unfinished(self, kind: str) -> Sequence[str]:
        """Return the decisions of that kind whose effects of this key are neither done nor undone, oldest first."""
        of_key = {"key": self.entry.record_key, "kind": kind, "of": str(self.entry.effect_key)}
        return [row.decided for row in await self._asked(_UNFINISHED, of_key)]

    async def newest(self, number: int) -> datetime | None:
        """Return when the `number`-th newest effect of this type of event began, of any key, but for the skipped."""
        found = await self._asked(_NEWEST, {"type": self.entry.event_type, "before": number - 1})
        return datetime.fromisoformat(found[0][0]) if found else None

    async def claim(self) -> None:
        """Raise `ClaimLost` unless this member still owns the partition."""
        at, number = self.entry.record.at, self.entry.claim
        await self.journal.persist(lambda tx: check_claim(tx, at, number))

    async def _asked(self, question: Select[Any], about: Mapping[str, Any]) -> Sequence[Row[Any]]:
        return await self.journal.persist(lambda tx: tx.execute(question, about).all())


class Recall:
    """Gives each effect its memory.

    Args:
        journal: where it is kept.
        facts: the types of fact that the service states.
        published: waits until a row of the outbox is acknowledged by the broker.
    """

    def __init__(
        self, journal: Journal, facts: Sequence[type[Event]], published: Callable[[int], Awaitable[None]]
    ) -> None:
        self._journal = journal
        self._facts_by_name = {kind.__name__: kind for kind in facts}
        self._published = published

    def effect(self, entry: Entry, opened: Opened) -> Effect:
        """Return what a handler gets for this entry."""
        undecided = opened.opening is Opening.FIRST  # nothing stood about it before this attempt
        return Effect(
            key=entry.effect_key,
            now=self._journal.clock.now(),
            repeated=opened.opening is Opening.REPEATED,
            released=opened.released,
            answered=opened.answered,
            memory=LedgerMemory(entry, self._journal, self._facts_by_name, self._published, undecided=undecided),
        )
