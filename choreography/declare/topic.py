"""A topic, as the package of its schemas declares it."""

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from choreography.errors import InvalidDeclaration

_NAME: Final = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)*\.v[1-9][0-9]*")
FOR_EVER: Final = -1


@dataclass(frozen=True)
class Topic:
    """A topic and how it is created: `Topic("ems.hr.v1", package=__name__)`.

    Attributes:
        name: lower case, parts joined by dots, hyphens inside a part, the version last.
        package: the package that holds the `.avsc` file of each event, named as its class.
        partitions: how many partitions it is created with; never changed afterwards, since keys would move.
        retention_ms: how long records are kept, in milliseconds; -1 is for ever.
        cleanup: `delete`, or `compact` for a topic of which only the newest record of a key matters.
        max_message_bytes: the largest record; `None` leaves it to the broker.
    """

    name: str
    package: str
    partitions: int = 6
    retention_ms: int = FOR_EVER
    cleanup: Literal["delete", "compact"] = "delete"
    max_message_bytes: int | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidDeclaration(
                f"The topic name {self.name!r} is not allowed: use lower case, dots between parts, hyphens inside "
                "a part, no underscores, and the version last, as in 'ems.exits.v1'."
            )
        if self.partitions < 1:
            raise InvalidDeclaration(f"The topic {self.name} needs at least one partition.")

    @property
    def namespace(self) -> str:
        """The Avro namespace of its events: the name without the version."""
        return self.name.rpartition(".")[0]

    @property
    def version(self) -> str:
        """The last part of the name, such as `v1`."""
        return self.name.rpartition(".")[2]

    def of(self, system: str) -> "Topic":
        """Return this topic for another system: the kit's own topics are named after the system that uses them."""
        return replace(self, name=f"{system}.{self.name.partition('.')[2]}")
