"""Names and ids from elsewhere, made harmless for a text: they cannot break a line, or turn what surrounds them."""

import unicodedata
from typing import Final

# Within a name these join letters (Persian, Hindi) and pictures; they turn nothing.
_JOINERS: Final = frozenset("\u200c\u200d")
_TURNS: Final = frozenset({"R", "AL", "AN"})
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def one_line(text: str) -> str:
    """Put a text on one line, without control characters and without marks that change the direction (UAX #9)."""
    return " ".join("".join(char if char.isprintable() or char in _JOINERS else " " for char in text).split())


def for_header(text: str) -> str:
    """Put a text on one line that is no encoded word (RFC 2047): that would be decoded, and may hold line breaks."""
    return one_line(text).replace("=?", "= ?")


def isolated(text: str) -> str:
    """Return a name on one line; one that is written from right to left is isolated from the sentence around it."""
    name = one_line(text)
    if any(unicodedata.bidirectional(char) in _TURNS for char in name):
        return f"{_FIRST_STRONG_ISOLATE}{name}{_POP_ISOLATE}"
    return name
