"""The brake: a bad deploy must not hold the company.

Several failures in a row that look the same, of different keys and with no success between them, are not the events'
fault: the service stops attempting anything, says so in health, and stays like that over restarts, until a person
says `resume` or a new version of it starts. Records that the model refuses count, too; garbage does not.
"""

import asyncio
from collections.abc import Hashable
from typing import Final, NamedTuple

import structlog
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, delete, insert, select

from choreography.consume.lane import Lane
from choreography.database.transaction import take_turn
from choreography.health import Health
from choreography.ledger.journal import Journal
from choreography.outbox.deadletter import frames_of
from choreography.version import __version__

log = structlog.stdlib.get_logger(__name__)

metadata: Final = MetaData()
brake: Final = Table(
    "brake",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("version", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("since", Text, nullable=False),
)
PART: Final = "brake"
IN_A_ROW: Final = 5


class Braked(NamedTuple):
    """Why and since when nothing is attempted."""

    version: str
    fingerprint: str
    since: str


def find(tx: Connection) -> Braked | None:
    """Return why nothing is attempted; `None` when the brake is off."""
    row = tx.execute(select(brake)).first()
    return Braked(row.version, row.fingerprint, row.since) if row else None


def clear(tx: Connection) -> bool:
    """Take the brake off; return whether it was on."""
    return tx.execute(delete(brake)).rowcount > 0


def set_on(tx: Connection, braked: Braked) -> None:
    """Put the brake on, unless it is."""
    take_turn(tx, "brake")
    if find(tx) is None:
        tx.execute(insert(brake).values(number=1, **braked._asdict()))


def fingerprint_of(error: BaseException) -> str:
    """Say what failures of one cause have in common: the type of the error and where it was raised."""
    frames = frames_of(error)
    return f"{type(error).__name__} at {frames[-1]}" if frames else type(error).__name__


class Brake:
    """Counts failures, and holds everybody back when they are the service's own.

    Args:
        journal: where the brake is written down.
        health: says that it is on, and what to do.
        in_a_row: how many failures put it on.
    """

    def __init__(self, journal: Journal, health: Health, *, in_a_row: int = IN_A_ROW) -> None:
        self._journal = journal
        self._health = health
        self._in_a_row = in_a_row
        self._fingerprint = ""
        self._who: set[Hashable] = set()
        self._off = asyncio.Event()
        self._off.set()

    @property
    def is_on(self) -> bool:
        """Whether nothing is attempted."""
        return not self._off.is_set()

    async def look(self) -> None:
        """Read whether the brake is on; one of an older version is taken off. Called at start and now and then."""
        found = await self._journal.persist(find)
        if found is not None and found.version != __version__:
            await self._journal.persist(clear)
            found = None
        self._set(found)

    async def passed(self, lane: Lane) -> None:
        """Wait while the brake is on; raise `ClaimLost` if the partition is to be given up meanwhile."""
        while self.is_on:
            await lane.until(self._off)

    async def failed(self, fingerprint: str, who: Hashable) -> None:
        """Take note of a failure that ended in a hold."""
        if fingerprint != self._fingerprint:
            self._fingerprint, self._who = fingerprint, set()
        self._who.add(who)
        if len(self._who) >= self._in_a_row and not self.is_on:
            braked = Braked(__version__, fingerprint, self._journal.clock.now().isoformat())
            await self._journal.persist(lambda tx: set_on(tx, braked))
            log.error("brake.on", fingerprint=fingerprint, failures=len(self._who))
            self._set(braked)

    def succeeded(self) -> None:
        """Take note of a success: what fails now fails for itself."""
        self._who.clear()

    def _set(self, braked: Braked | None) -> None:
        if braked is None:
            if self.is_on:
                log.info("brake.off")
                self._who.clear()
                self._health.set(PART, True)
            self._off.set()
            return
        self._off.clear()
        detail = (
            f"{self._in_a_row} failures in a row look the same ({braked.fingerprint}, version {braked.version}), so "
            f"{self._journal.group} attempts nothing since {braked.since}. Deploy a version that mends it, or resume."
        )
        self._health.set(PART, False, detail)
