"""Identifiers that sort by time: UUID version 7 of RFC 9562, which Python's standard library lacks before 3.14."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID


def uuid7(now: datetime, random: Callable[[int], bytes]) -> UUID:
    """Make an id of 48 bits of Unix milliseconds and 74 random bits.

    Args:
        now: the present time.
        random: returns that many random bytes, such as `secrets.token_bytes`.
    """
    milliseconds = int(now.timestamp() * 1000)
    number = milliseconds << 80 | int.from_bytes(random(10))
    number = number & ~(0xF << 76) | 0x7 << 76
    return UUID(int=number & ~(0x3 << 62) | 0x2 << 62)
