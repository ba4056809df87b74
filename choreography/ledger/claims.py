"""Claims on partitions, which fence off a member that was paused and does not know that it lost its partition.

A claim is a number per partition that grows with each assignment. Every write to the ledger is made under a claim and
commits only if it is still the current one, as read in the same transaction.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, bindparam, select, text

from choreography.errors import ClaimLost
from choreography.wire.record import TopicPartition

metadata: Final = MetaData()
claims: Final = Table(
    "claims",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
)

# One statement, the same on SQLite and PostgreSQL: two members may claim a partition that nobody has claimed before.
_TAKE: Final = text(
    "INSERT INTO claims (topic, partition, number) VALUES (:topic, :partition, 1) "
    "ON CONFLICT (topic, partition) DO UPDATE SET number = claims.number + 1 RETURNING number"
)
_CHECK: Final = (
    select(claims.c.number)
    .where(claims.c.topic == bindparam("topic"), claims.c.partition == bindparam("partition"))
    .with_for_update(read=True)
)


def take_claims(tx: Connection, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
    """Claim partitions anew; every older claim is void from now on."""
    # In one order, so that two members that claim at the same moment do not wait for each other.
    return {at: tx.execute(_TAKE, at._asdict()).scalar_one() for at in sorted(partitions)}


def current_claims(tx: Connection, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int | None]:
    """Return the claims that count; they stay so until the transaction ends."""
    return {
        at: tx.execute(_CHECK, {"topic": at.topic, "partition": at.partition}).scalar_one_or_none()
        for at in sorted(set(partitions))
    }


def check_claim(tx: Connection, at: TopicPartition, claim: int) -> None:
    """Make sure that a claim is the current one; it stays so until the transaction ends.

    Raises:
        ClaimLost: the partition was claimed anew.
    """
    current = tx.execute(_CHECK, {"topic": at.topic, "partition": at.partition}).scalar_one_or_none()
    if current != claim:
        raise ClaimLost
