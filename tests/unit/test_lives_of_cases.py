"""Whatever is asked, in whatever order, at whatever time: EMS and a plain list of what is permitted agree.

The list below is written down anew, from the contract and not from the code. People of two zones that are a day apart
resign from several employments, take it back, are decided upon and move their last day; time passes, EMS is down for a
while, requests come twice. After each step what EMS stated about a case is what the list allows, in that order.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from pydantic import BaseModel

from choreography.testing.fake import FakeClock
from producers.ems.bodies import Decision, LastWorkingDay, Resignation, Voiding, Withdrawal
from producers.ems.case import AlreadyOpen, IllegalMove
from producers.ems.intake import Delivery
from tests.integration.intake.small_office import SmallOffice

PERMITTED: Final = {
    ("submitted", "withdraw"): ("withdrawn", "ResignationWithdrawn"),
    ("submitted", "void"): ("voided", "ExitCaseVoided"),
    ("submitted", "retain"): ("retained", "EmployeeRetained"),
    ("submitted", "confirm"): ("confirmed", "ExitConfirmed"),
    ("submitted", "move"): ("submitted", "LastWorkingDayChanged"),
    ("confirmed", "withdraw"): ("withdrawn", "ResignationWithdrawn"),
    ("confirmed", "move"): ("confirmed", "LastWorkingDayChanged"),
    ("confirmed", "depart"): ("departed", "EmployeeDeparted"),
}
ENDED: Final = {"withdrawn", "voided", "retained", "departed"}
ZONES: Final = ("Pacific/Pago_Pago", "Europe/Berlin", "Pacific/Kiritimati")
BODIES: Final[dict[str, BaseModel]] = {
    "withdraw": Withdrawal(),
    "void": Voiding(reason="ENTERED_IN_ERROR"),
    "retain": Decision(outcome="RETAINED"),
    "confirm": Decision(outcome="CONFIRMED"),
}
START: Final = datetime(2026, 3, 27, 9, 0, tzinfo=UTC)  # two days before clocks change in Berlin
PEOPLE: Final = ("e-1", "e-2")


@dataclass
class Expected:
    """A case, as the list has it."""

    employee: str
    employment: str | None
    zone: str
    day: date | None
    status: str = "submitted"
    stated: list[str] = field(default_factory=lambda: ["EmployeeResigned"])

    def may(self, move: str) -> bool:
        return (self.status, move) in PERMITTED

    def moves(self, move: str) -> None:
        self.status, fact = PERMITTED[self.status, move]
        self.stated.append(fact)


days = st.none() | st.dates(date(2026, 3, 24), date(2026, 4, 6))


class Lives(RuleBasedStateMachine):
    """Cases of a few people."""

    cases: Bundle[UUID] = Bundle("cases")
    sent: Bundle[tuple[UUID | None, BaseModel, Delivery, dict[str, Any]]] = Bundle("sent")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.clock = FakeClock(START)
        self.office = self.opened()
        self.expected: dict[UUID, Expected] = {}

    def opened(self) -> SmallOffice:
        return SmallOffice(f"sqlite:///{Path(self.folder.name) / 'ems.db'}", self.clock)

    def teardown(self) -> None:
        self.office.close()
        self.folder.cleanup()

    @rule(
        target=cases, employee=st.sampled_from(PEOPLE), employment=st.sampled_from([None, "main", "side"]),
        zone=st.sampled_from(ZONES), day=days,
    )  # fmt: skip
    def somebody_resigns(self, employee: str, employment: str | None, zone: str, day: date | None) -> Any:
        body = Resignation(employee_id=employee, employment_id=employment, time_zone=zone, last_working_day=day)
        is_open = [one for one in self.expected.values() if one.employee == employee and one.status not in ENDED]
        if any(employment in {None, one.employment} for one in is_open):
            assert self.refuses(lambda: self.office.ask(None, body))
            return multiple()
        case_id = UUID(self.office.ask(None, body)["case_id"])
        assert case_id not in self.expected
        self.expected[case_id] = Expected(employee, employment, zone, day)
        return case_id

    @rule(target=sent, case_id=cases, move=st.sampled_from(sorted(BODIES)))
    def a_case_is_to_go_on(self, case_id: UUID, move: str) -> Any:
        return self.asked(case_id, BODIES[move], move, allowed=self.expected[case_id].may(move))

    @rule(target=sent, case_id=cases, day=days)
    def the_last_working_day_is_to_move(self, case_id: UUID, day: date | None) -> Any:
        case = self.expected[case_id]
        allowed = case.may("move") and day != case.day
        done = self.asked(case_id, LastWorkingDay(last_working_day=day), "move", allowed=allowed)
        if allowed:
            case.day = day
        return done

    @rule(target=sent, case_id=cases, twin=cases)
    def a_case_is_to_give_way(self, case_id: UUID, twin: UUID) -> Any:
        one, other = self.expected[case_id], self.expected[twin]
        is_twin = one is not other and one.employee == other.employee and other.status not in ENDED
        body = Voiding(reason="DUPLICATE", duplicate_of=twin)
        return self.asked(case_id, body, "void", allowed=one.may("void") and is_twin)

    @rule(request=consumes(sent))
    def a_request_comes_again(self, request: tuple[UUID | None, BaseModel, Delivery, dict[str, Any]]) -> None:
        case_id, body, delivery, answer = request
        assert self.office.ask(case_id, body, delivery) == answer

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))
        self.looks()

    @rule(hours=st.integers(1, 30))
    def it_is_down_for_a_while(self, hours: int) -> None:
        self.office.close()
        self.clock.advance(timedelta(hours=hours))
        self.office = self.opened()
        self.looks()

    @rule()
    def looks(self) -> None:
        self.office.look()
        for case in self.expected.values():
            here = self.clock.now().astimezone(ZoneInfo(case.zone)).date()
            if case.may("depart") and case.day is not None and here > case.day:
                case.moves("depart")

    @invariant()
    def what_was_stated_is_what_is_permitted(self) -> None:
        for employee in PEOPLE:
            facts: dict[UUID, list[tuple[str, int]]] = {}
            for fact in self.office.facts(employee):
                facts.setdefault(fact.correlation, []).append((type(fact).__name__, fact.order))
            cases = {case_id: one for case_id, one in self.expected.items() if one.employee == employee}
            assert facts == {
                case_id: [(name, number) for number, name in enumerate(one.stated, start=1)]
                for case_id, one in cases.items()
            }

    def asked(self, case_id: UUID, body: BaseModel, move: str, *, allowed: bool) -> Any:
        delivery = Delivery(str(uuid4()), "digest")
        if not allowed:
            assert self.refuses(lambda: self.office.ask(case_id, body, delivery))
            return multiple()
        case = self.expected[case_id]
        case.moves(move)
        answer = self.office.ask(case_id, body, delivery)
        assert (answer["status"].lower(), answer["case_version"]) == (case.status, len(case.stated))
        return case_id, body, delivery, answer

    def refuses(self, ask: Callable[[], object]) -> bool:
        try:
            ask()
        except (IllegalMove, AlreadyOpen) as refusal:
            return str(refusal).endswith(".") and len(str(refusal).split()) > 5
        return False


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
