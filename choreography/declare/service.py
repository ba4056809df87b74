"""A service, declared as pure data: what it reacts to, how, and what it states.

Tools read a declaration without settings, a database or a broker. One event type has at most one reaction in a
service; a reaction has one target and ends in exactly one fact. A second effect is a second reaction, to the first
one's fact.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Generic, Literal

from choreography.declare.event import Event
from choreography.declare.reaction import Common, P, Reaction
from choreography.declare.topic import Topic
from choreography.errors import InvalidDeclaration

_GROUP: Final = re.compile(r"[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+")


@dataclass(frozen=True, kw_only=True)
class Service(Generic[P]):
    """A service: a consumer group and its reactions.

    What it says of `target`, `reads`, `within` and `repeatable` holds for every reaction that says nothing else.

    Attributes:
        group: the consumer group, a literal such as `ems.facilities`; its first part names the system.
        starts: where a new group begins: with what comes from now on, with all there is, or at a date.
        reactions: at most one per event type.
        target, reads, within, repeatable: see `on`.
    """

    group: str
    starts: Literal["now", "earliest"] | date
    reactions: Sequence[Reaction[P]]
    target: str = ""
    reads: tuple[str, ...] = ()
    within: timedelta | None = None
    repeatable: bool = True

    def __post_init__(self) -> None:
        if not _GROUP.fullmatch(self.group):
            raise InvalidDeclaration(f"The group {self.group!r} is not allowed: use lower case parts joined by dots.")
        if not self.reactions:
            raise InvalidDeclaration(f"{self.group} reacts to nothing.")
        common = Common(target=self.target, reads=self.reads, within=self.within, repeatable=self.repeatable)
        object.__setattr__(self, "reactions", tuple(one.completed(common) for one in self.reactions))
        seen: set[type[Event]] = set()
        for reaction in self.reactions:
            if reaction.event in seen:
                raise InvalidDeclaration(
                    f"{self.group} has two reactions to {reaction.event.__name__}. Make the second one a reaction "
                    "to the fact of the first."
                )
            seen.add(reaction.event)

    @property
    def system(self) -> str:
        """The system that the service belongs to: the first part of its group."""
        return self.group.partition(".")[0]

    @property
    def name(self) -> str:
        """The service's own name: the group without the system."""
        return self.group.partition(".")[2]

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics that it subscribes to, by name."""
        found = {reaction.event.topic.name: reaction.event.topic for reaction in self.reactions}
        return tuple(found[name] for name in sorted(found))

    @property
    def publishes(self) -> tuple[type[Event], ...]:
        """The facts that it may state, each once."""
        return tuple(dict.fromkeys(kind for reaction in self.reactions for kind in reaction.publishes))

    @property
    def kinds(self) -> dict[str, type[Event]]:
        """The events that it has to read, by Avro full name: what it reacts to, and what undoes that."""
        kinds = [reaction.event for reaction in self.reactions]
        kinds += [kind for reaction in self.reactions for kind in reaction.unless]
        return {kind.full_name(): kind for kind in kinds}

    @property
    def undoes(self) -> dict[type[Event], tuple[str, ...]]:
        """For each event that undoes others: the CloudEvents types of those."""
        return {
            kind: tuple(reaction.event.ce_type() for reaction in self.reactions if kind in reaction.unless)
            for reacting in self.reactions
            for kind in reacting.unless
        }
