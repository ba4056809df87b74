"""Claims on partitions, which fence off a member that was paused and does not know that it lost its partition.

A claim is a number per partition that grows with each assignment. Every write to the ledger is made under a claim and
commits only if it is still the current one, as read in the same transaction.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, bindparam, insert, select, update

from choreography.errors import ClaimLost
from choreography.record import TopicPartition

metadata: Final = MetaData()
claims: Final = Table(
    "claims",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
)

_CHECK: Final = (
    select(claims.c.number)
    .where(claims.c.topic == bindparam("topic"), claims.c.partition == bindparam("partition"))
    .with_for_update(read=True)
)


def take_claims(tx: Connection, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
    """Claim partitions anew; every older claim is void from now on."""
    taken: dict[TopicPartition, int] = {}
    for at in partitions:
        row = tx.execute(select(claims.c.number).where(*_in(at)).with_for_update()).scalar_one_or_none()
        taken[at] = (row or 0) + 1
        values = {"topic": at.topic, "partition": at.partition, "number": taken[at]}
        tx.execute(insert(claims).values(values) if row is None else update(claims).where(*_in(at)).values(values))
    return taken


def check_claim(tx: Connection, at: TopicPartition, claim: int) -> None:
    """Make sure that a claim is the current one; it stays so until the transaction ends.

    Raises:
        ClaimLost: the partition was claimed anew.
    """
    current = tx.execute(_CHECK, {"topic": at.topic, "partition": at.partition}).scalar_one_or_none()
    if current != claim:
        raise ClaimLost


def _in(at: TopicPartition) -> tuple[Any, Any]:
    return claims.c.topic == at.topic, claims.c.partition == at.partition
