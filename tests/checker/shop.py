"""Histories of a shop made by hand: what a run without any fault leaves behind, to be spoilt by a test.

Three groups react to an order and to its cancellation: one mails, one keeps a parcel on a shelf, one takes customers
off a list. Everything happens one step after the other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from tests.checker.anomaly import Anomaly
from tests.checker.checker import check
from tests.checker.expectations import Expectations, Reaction, Source, Target
from tests.checker.expectations import Final as FinalState
from tests.checker.history import Assignment, Commit, Effect, History, Line, Record, Row, Submission

L = TypeVar("L")

ORDERS, FACTS = "shop.orders.v1", "shop.facts.v1"
PLACED, CANCELLED = "OrderPlaced", "OrderCancelled"
MAIL, SHELF, CLUB = "shop.mail", "shop.shelf", "shop.club"
KINDS: Final = {
    (MAIL, PLACED): ("mail", "sent", "Mailed"),
    (MAIL, CANCELLED): ("mail", "sent", "MailedOtherwise"),
    (SHELF, PLACED): ("shelf", "put", "Shelved"),
    (SHELF, CANCELLED): ("shelf", "delete", "Unshelved"),
    (CLUB, PLACED): ("club", "set", "Taken"),
    (CLUB, CANCELLED): ("club", "set", "GivenBack"),
}
CLUBS: Final = ("gold", "silver")
EXPECTED: Final = Expectations(
    sources=(Source(ORDERS, (PLACED, CANCELLED)),),
    reactions=tuple(
        Reaction(
            group,
            ORDERS,
            event,
            target,
            kind,
            facts=(fact,),
            instead=("ReactionSkipped",) if event == CANCELLED else ("CouldNot",),
            unless=(CANCELLED,) if event == PLACED else (),
            undoes=(PLACED,) if event == CANCELLED else (),
        )
        for (group, event), (target, kind, fact) in KINDS.items()
    ),
    targets=(Target("mail", "mail"), Target("shelf", "object"), Target("club", "set")),
    finals=(
        FinalState("shelf", (PLACED,), (CANCELLED,)),
        FinalState("club", (PLACED,), (CANCELLED,), takes=("gold",)),
    ),
)


@dataclass
class Shop:
    """Makes a history, step by step.

    Attributes:
        groups: which of the groups there are; the expectations are those of these.
        tells_rows: every change of a row is a line, as in a simulation; without, only the last, as of real processes.
    """

    groups: tuple[str, ...] = (MAIL, SHELF, CLUB)
    tells_rows: bool = True
    now: float = 0
    lines: list[Line] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)
    clubs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    open_orders: dict[str, set[str]] = field(default_factory=dict)

    @property
    def expected(self) -> Expectations:
        names = {target for (group, _), (target, *_) in KINDS.items() if group in self.groups}
        return replace(
            EXPECTED,
            reactions=tuple(one for one in EXPECTED.reactions if one.group in self.groups),
            targets=tuple(one for one in EXPECTED.targets if one.name in names),
            finals=tuple(one for one in EXPECTED.finals if one.target in names),
        )

    def step(self) -> float:
        self.now += 1
        return self.now

    def order(self, name: str, *, cancelled: bool = False) -> "Shop":
        """An order, handled by every group, and then perhaps its cancellation."""
        self.handle(self.state(PLACED, name))
        if cancelled:
            self.handle(self.state(CANCELLED, name))
        return self

    def state(self, kind: str, order: str) -> Record:
        """Submit something, and have its fact on the topic."""
        key, event = customer(order), id_of(order, kind)
        for step in ("submitted", "accepted"):
            self.lines.append(Submission(f"{order}-{kind}", step, self.step(), key, kind, event))
        return self.publish(
            ORDERS, kind, key, {"order": order}, id=event, subject=id_of(order), sequence="1" if kind == PLACED else "2"
        )

    def publish(self, topic: str, kind: str, key: str, value: Any, **said: str) -> Record:
        headers = {"ce_type": f"shop.{kind}.v1", **{f"ce_{name}": text for name, text in said.items()}}
        offset = self.ends.get(topic, 0)
        self.ends[topic] = offset + 1
        record = Record(topic, 0, offset, key, headers, value, self.step())
        self.lines.append(record)
        return record

    def handle(self, record: Record) -> None:
        for group in self.groups:
            self.assign(group)
            self.intend(group, record)
            self.act(group, record)
            self.finish(group, record)
            self.commit(group, record.offset + 1)

    def assign(self, group: str) -> None:
        self.lines.append(Assignment(group, "m1", ORDERS, 0, self.step(), self.ends[ORDERS]))

    def intend(self, group: str, record: Record) -> None:
        if self.tells_rows:
            self.lines.append(self.row(group, record, "INTENT"))

    def row(self, group: str, record: Record, state: Any, **given: Any) -> Row:
        said = record.headers
        at = self.step()
        return Row(
            group,
            key_of(record, group),
            record.topic,
            record.partition,
            record.offset,
            state,
            said["ce_id"],
            said["ce_type"],
            record.key or "",
            said["ce_subject"],
            begun=True,
            **{"created_at": at, "at": at, **given},
        )

    def act(self, group: str, record: Record) -> Effect:
        """Have the effect at the target."""
        kind, order = kind_of(record), str((record.value or {})["order"])
        target, done, _ = KINDS[group, kind]
        before, after = self.change(group, kind, order)
        name = key_of(record, group) if group == MAIL else order if group == SHELF else customer(order)
        case = record.headers["ce_subject"] if group == SHELF else None
        own = key_of(record, group) if group == MAIL else None
        effect = Effect(target, self.step(), done, name, own, record.key, case, before, after)
        self.lines.append(effect)
        return effect

    def change(self, group: str, kind: str, order: str) -> tuple[Any, Any]:
        if group == CLUB:
            open_orders = self.open_orders.setdefault(customer(order), set())
            (open_orders.add if kind == PLACED else open_orders.discard)(order)
            before = self.clubs.get(customer(order), CLUBS)
            self.clubs[customer(order)] = after = CLUBS[1:] if open_orders else CLUBS
            return before, after
        return (None, order) if kind == PLACED or group == MAIL else (order, None)

    def finish(self, group: str, record: Record, **value: Any) -> None:
        said, fact = record.headers, KINDS[group, kind_of(record)][2]
        created = self.step()
        if self.tells_rows:
            self.lines.append(self.row(group, record, "DONE", fact_type=fact))
        else:
            self.lines.append(self.row(group, record, "DONE", fact_type=fact, created_at=created - 2))
        event = str(uuid5(uuid5_of(key_of(record, group)), fact))
        about = {"subject": said["ce_subject"], "sequence": said["ce_sequence"], "causationid": said["ce_id"]}
        self.publish(FACTS, fact, record.key or "", value, id=event, **about)

    def commit(self, group: str, offset: int) -> None:
        self.lines.append(Commit(group, ORDERS, 0, offset, self.step()))

    def history(self, *more: Line) -> History:
        """Return all that there is; what a test adds comes last in its source."""
        lines = [*self.lines, *more]
        return History(
            submissions=of(Submission, lines),
            records=of(Record, lines),
            effects=of(Effect, lines),
            ledger=of(Row, lines),
            commits=of(Commit, lines),
            assignments=of(Assignment, lines),
        )

    def drop(self, *unwanted: Line) -> "Shop":
        """Have lines never been written."""
        self.lines = [one for one in self.lines if not any(one is other for other in unwanted)]
        return self

    def the(self, kind: type[L], matches: Callable[[L], bool] = lambda _line: True) -> L:
        """Return the first line of a source that matches."""
        return next(one for one in self.lines if isinstance(one, kind) and matches(one))

    def all(self, kind: type[L], matches: Callable[[L], bool] = lambda _line: True) -> list[L]:
        return [one for one in self.lines if isinstance(one, kind) and matches(one)]

    def found(self, *more: Line, **expected: Any) -> list[Anomaly]:
        """Check what there is."""
        return self.checked(self.history(*more), **expected)

    def checked(self, history: History, **expected: Any) -> list[Anomaly]:
        return check(history, replace(self.expected, **expected))

    def rows(self, group: str) -> list[Row]:
        return self.all(Row, lambda one: one.group == group)


def of(kind: type[L], lines: list[Line]) -> tuple[L, ...]:
    return tuple(one for one in lines if isinstance(one, kind))


def customer(order: str) -> str:
    """One customer per letter: o1 and o2 are the same customer's."""
    return f"customer-{order[0]}"


def id_of(*names: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(names)))


def uuid5_of(text: str) -> UUID:
    return UUID(text)


def key_of(record: Record, group: str) -> str:
    return str(uuid5(uuid5_of(record.headers["ce_id"]), group))


def kind_of(record: Record) -> str:
    return record.headers["ce_type"].split(".")[1]
