"""An EMS without sockets and without Kafka: its rules, its database, and a clock that a test moves."""

import asyncio
import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel

from choreography import Database, Event, Health, IntakeRefused, Outbox, Record
from choreography.testing.fake import FakeClock
from producers.ems.answers import Answer
from producers.ems.bodies import Decision, LastWorkingDay, Resignation, Voiding, Withdrawal
from producers.ems.brake import Brake
from producers.ems.departures import LOOK_SECONDS, PART, Departures
from producers.ems.held import Held
from producers.ems.intake import Delivery, Intake
from producers.ems.looking import keep_looking
from producers.ems.releases import Releases
from producers.ems.statements import GROUP
from producers.ems.storage import Storage
from producers.ems.topic import TopicIntake
from schemas.exits import EmployeeDeparted
from tests.integration.intake.office import TABLES, ZONE, facts, prepared


class SmallOffice:
    """A process of EMS; several may work on one database, at one clock.

    Args:
        database_url: where its tables are; they are made where they are missing.
        clock: tells the time.
        brake: holds resignations when there are too many.
    """

    def __init__(self, database_url: str, clock: FakeClock, brake: Brake | None = None) -> None:
        self.clock = clock
        self.database = Database(database_url)
        self.database.create(*TABLES)
        self._codec = prepared(self.database)
        outbox = Outbox(self._codec, "/ems", clock)
        self.health = Health()
        self.storage = Storage(self.database, self.health)
        self.intake = Intake(self.database, outbox, clock, ZONE, storage=self.storage, brake=brake)
        self.topic = TopicIntake(self.intake, self.database, outbox, clock)
        self.departures = Departures(self.database, outbox, clock)
        self.releases = Releases(self.database, outbox, clock, ZONE)

    def close(self) -> None:
        """End it; what was committed stays."""
        self.database.close()

    def ask(self, case_id: UUID | None, body: BaseModel, delivery: Delivery | None = None) -> dict[str, Any]:
        """Send a request, which names a case unless it opens one; return the answer."""
        answer: dict[str, Any] = json.loads(
            asyncio.run(self._ask(case_id, body, delivery or Delivery(str(uuid4()), "digest"))).text
        )
        return answer

    def resign(self, employee: str = "e-1", **said: Any) -> UUID:
        """Open a case."""
        return UUID(self.ask(None, Resignation(employee_id=employee, **said))["case_id"])

    def leaving(self, day: date | None, zone: str = ZONE, employee: str = "e-1", **said: Any) -> UUID:
        """Open a case and confirm it."""
        case_id = self.resign(employee, last_working_day=day, time_zone=zone, **said)
        self.ask(case_id, Decision(outcome="CONFIRMED"))
        return case_id

    async def keep_departing(self) -> None:
        """Have it look for departures by itself."""
        await keep_looking(self.departures.look, part=PART, seconds=LOOK_SECONDS, clock=self.clock, health=self.health)

    def look(self) -> None:
        """Have it state what is due."""
        asyncio.run(self.departures.look())

    def look_at(self, moment: datetime) -> None:
        """Move the clock, and have it state what is due."""
        self.clock.advance(moment - self.clock.now())
        self.look()

    def facts(self, employee: str = "e-1") -> list[Event]:
        """Return what was stated about an employee."""
        return facts(self.database, self._codec, employee)

    def read(self, *records: Record) -> None:
        """Have it take records of its topic."""
        asyncio.run(self.topic.take(records))

    def refused(self) -> list[IntakeRefused]:
        """Return the refusals that were stated."""
        return [fact for fact in facts(self.database, self._codec, GROUP) if isinstance(fact, IntakeRefused)]

    def do_orders(self, orders: Sequence[Held] | None = None) -> None:
        """Have it do what was ordered about resignations that are held, or what it believes to be."""
        asyncio.run(self.releases.look() if orders is None else self.releases.do(orders))

    def departed(self, employee: str = "e-1") -> list[EmployeeDeparted]:
        """Return the departures that were stated of an employee."""
        return [fact for fact in self.facts(employee) if isinstance(fact, EmployeeDeparted)]

    async def _ask(self, case_id: UUID | None, body: BaseModel, delivery: Delivery) -> Answer:
        if isinstance(body, Resignation):
            return await self.intake.resign(delivery, body)
        assert case_id is not None
        match body:
            case Decision():
                return await self.intake.decide(delivery, case_id, body)
            case Withdrawal():
                return await self.intake.withdraw(delivery, case_id, body)
            case LastWorkingDay():
                return await self.intake.change_last_working_day(delivery, case_id, body)
            case Voiding():
                return await self.intake.void(delivery, case_id, body)
        raise TypeError(type(body).__name__)
