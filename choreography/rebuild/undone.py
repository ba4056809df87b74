"""Which events have undone others, and which will: what the ledger did about it is done again when it is rebuilt.

A reaction that ended, with its fact or because there was nothing to do, has closed the older rows of its case that its
event undoes.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from choreography.declare.event import Event
from choreography.declare.service import Service
from choreography.rebuild.statements_read import Known

Case = tuple[str, UUID]


@dataclass(frozen=True, slots=True)
class _Undoing:
    order: int
    event_id: UUID
    types: tuple[str, ...]


class Undoings:
    """What has undone what, by key and case.

    Args:
        service: says which events undo which.
    """

    def __init__(self, service: Service[Any]) -> None:
        self._found: dict[Case, list[_Undoing]] = defaultdict(list)
        self._types = {kind.ce_type(): types for kind, types in service.undoes.items()}
        self._unless = {one.event.ce_type(): {kind.ce_type() for kind in one.unless} for one in service.reactions}
        self._of_fact: dict[type[Event], set[tuple[str, ...]]] = defaultdict(set)
        for reaction in service.reactions:
            for fact in reaction.publishes:
                self._of_fact[fact].add(self._types.get(reaction.event.ce_type(), ()))

    def on_finished(self, known: Known) -> None:
        """Take note of a reaction that has ended."""
        self._add(known, self._types.get(known.event_type, ()))

    def on_fact(self, known: Known, kind: type[Event]) -> None:
        """Take note of a reaction whose event is gone, by the only thing that it can have undone."""
        possible = self._of_fact.get(kind, set())
        if len(possible) == 1:
            self._add(known, next(iter(possible)))

    def closed_by(self, known: Known) -> UUID | None:
        """Return the event that has undone this one."""
        for one in self._found.get(case_of(known), ()):
            if known.order < one.order and known.event_type in one.types:
                return one.event_id
        return None

    def resolved_by(self, known: Known, case: Iterable[Known]) -> Known | None:
        """Return the event of the case that undoes this one, whatever became of it."""
        unless = self._unless.get(known.event_type, set())
        found = (one for one in case if one.event_type in unless and one.order > known.order)
        return min(found, key=lambda one: one.order, default=None)

    def _add(self, known: Known, types: tuple[str, ...]) -> None:
        if types:
            self._found[case_of(known)].append(_Undoing(known.order, known.event_id, types))


def case_of(known: Known) -> Case:
    """Return the key and the case of an event."""
    return known.record_key, known.correlation
