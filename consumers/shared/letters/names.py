"""Names and ids from elsewhere, made harmless for a text: they cannot break a line, or turn what surrounds them."""

import unicodedata
from collections.abc import Mapping
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
    if not name.isascii() and any(unicodedata.bidirectional(char) in _TURNS for char in name):
        return f"{_FIRST_STRONG_ISOLATE}{name}{_POP_ISOLATE}"
    return name


def harmless(words: Mapping[str, object]) -> dict[str, object]:
    """Return what a template may say with every text in it on one line, and isolated."""
    return {name: _harmless(value) for name, value in words.items()}


def _harmless(value: object) -> object:
    if isinstance(value, str):
        return isolated(value)
    if isinstance(value, Mapping):
        return harmless(value)
    return [_harmless(one) for one in value] if isinstance(value, list | tuple) else value
