"""What a rebuild begins with, and what it has found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from choreography.errors import ChoreographyError
from choreography.rebuild.fold import Tally
from choreography.rebuild.row import Leftover
from choreography.wire.record import TopicPartition


class NothingToRebuild(ChoreographyError):  # noqa: N818 - an answer
    """The group has no past: start the service, and it begins."""


@dataclass(frozen=True)
class Past:
    """What the broker keeps of a group.

    Attributes:
        committed: its committed offsets.
        ledger_id: the ledger that they name.
    """

    committed: Mapping[TopicPartition, int]
    ledger_id: UUID | None


@dataclass
class Rebuilt:
    """What a rebuild has found, and written unless it was only tried.

    Attributes:
        ledger_id: whose identity the ledger took over.
        begins: where the group begins.
        unstated: partitions of which nobody stated that.
        tally: what was found on the topics of facts.
        rows: how many rows there are, by state.
        held: what is held now, because nobody knows whether it was done.
        gone: what cannot be run any more, because its record has left the topic.
    """

    ledger_id: UUID
    begins: Mapping[TopicPartition, int]
    unstated: Sequence[TopicPartition]
    tally: Tally = field(default_factory=Tally)
    rows: Counter[str] = field(default_factory=Counter)
    held: list[Leftover] = field(default_factory=list)
    gone: list[Leftover] = field(default_factory=list)
