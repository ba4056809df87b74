"""What is right, as data: written by the run, beside its history.

Types of events are short names (`EmployeeResigned`), since one name stands on one topic. An example for the shop of
the tests, whose warehouse packs a parcel and unpacks it when the order is cancelled:

    Expectations(
        sources=(Source("shop.orders.v1", ("OrderPlaced", "OrderCancelled")),),
        reactions=(
            Reaction("shop.warehouse", "shop.orders.v1", "OrderPlaced", target="shelf", kind="put",
                     facts=("ParcelPacked",), unless=("OrderCancelled",)),
            Reaction("shop.warehouse", "shop.orders.v1", "OrderCancelled", target="shelf", kind="delete",
                     facts=("ParcelUnpacked",), undoes=("OrderPlaced",)),
        ),
        targets=(Target("shelf", "object"),),
        finals=(Final("shelf", present_after=("OrderPlaced",), absent_after=("OrderCancelled",)),),
    )
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What a run promises about its history.

    Attributes:
        sources: topics that are filled by what was submitted.
        reactions: what each group must do about which event.
        targets: what kind of thing each target is.
        finals: how the targets must look at the end.
        begins: where a group began, as the *broker* knew it when the group started for the first time (never as its
            ledger says now); a partition that is not named begins at 0.
        may_be_held: event ids that may end HELD by design (refused, aged, restricted); `("*",)` allows all. Poison,
            and what stands in a lane behind something that may be held, may always.
        brakes: groups that may have braked: what they did not do is no fault.
        quiet: the faults stopped, everything had the time to end, and it ended. Without, nothing is concluded from
            what is missing.
        slack: by how much two values of `at` may be wrong; 0 in a simulation.
        seen_after: after how long on the topic a record must have been looked at by the look-ahead, where no
            assignments are written down; `None` concludes nothing.
    """

    sources: tuple["Source", ...] = ()
    reactions: tuple["Reaction", ...] = ()
    targets: tuple["Target", ...] = ()
    finals: tuple["Final", ...] = ()
    begins: tuple["Begin", ...] = ()
    may_be_held: tuple[str, ...] = ()
    brakes: tuple[str, ...] = ()
    quiet: bool = True
    slack: float = 0.0
    seen_after: float | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A topic whose records of these types come from submissions, and from nowhere else."""

    topic: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begin:
    """Where a group began in a partition."""

    group: str
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Target:
    """What kind of thing a target is.

    Attributes:
        style: `mail`: what was accepted stays, each effect is one line with its `effect_key`.
            `object`: things with an id that are put and deleted, one per case; `correlation` says which.
            `set`: a set of members per `id`; `key` says whose record key.
        ambiguity: what the product does when it cannot know whether a mail was accepted: `lookup` and `hold` never
            send twice, `resend` may, and must say `perhaps_repeated` in the fact.
    """

    name: str
    style: Literal["mail", "object", "set"]
    ambiguity: Literal["lookup", "resend", "hold"] = "lookup"


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a group does about an event of one type: one effect at one target.

    Attributes:
        kind: of the effect, as in the target's log.
        facts: types of facts that say that it happened.
        instead: types of facts that say, rightly, that it did not (refused by the rules, nothing could be done).
        unless: later types of the same case that make it pointless: then it need not happen.
        undoes: earlier types of the same case whose effect this one takes back. It is due only where one of them had
            its effect, and only then permitted: "never told", or "told and told otherwise".
        or_kind: of the effect that it may have in place of the other (an entry is moved, or taken out).
        proof: a field of the facts; one in which it is null says, rightly, that the effect did not happen.
    """

    group: str
    topic: str
    event: str
    target: str
    kind: str
    facts: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    undoes: tuple[str, ...] = ()
    or_kind: str | None = None
    proof: str | None = None


@dataclass(frozen=True, slots=True)
class Final:
    """How a target must look at the end, by the last event of each case that is named here.

    Attributes:
        present_after: `object`: the case has exactly one object. `set`: what is taken is gone.
        absent_after: `object`: the case has none. `set`: exactly what was there before is there again, unless another
            case of the same key still takes.
        takes: `set` only: the members that are taken; `None` means all.
    """

    target: str
    present_after: tuple[str, ...]
    absent_after: tuple[str, ...]
    takes: tuple[str, ...] | None = None
