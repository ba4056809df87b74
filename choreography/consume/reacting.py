"""One reaction on its way from INTENT to its end."""

from dataclasses import dataclass
from typing import Generic

from choreography.consume.lane import Lane
from choreography.declare.event import Event
from choreography.declare.reaction import P, Reaction
from choreography.ledger.entry import Entry
from choreography.ledger.held_record import Waited
from choreography.retries import Tries


@dataclass(frozen=True, slots=True)
class Reacting(Generic[P]):
    """What is known about a reaction while it is attempted.

    Attributes:
        entry: what the ledger says about it.
        event: what it answers.
        reaction: as declared.
        lane: where the event stands.
        waited: set when the record comes from the ledger.
        tries: the attempts so far.
    """

    entry: Entry
    event: Event
    reaction: Reaction[P]
    lane: Lane
    waited: Waited | None
    tries: Tries
