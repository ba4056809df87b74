"""What others wrote, as it may reach a terminal: nothing in it is obeyed, and nothing floods the screen.

Records, headers, ids and answers of servers are written by anybody. An escape sequence in them would move the cursor or
set the title, U+202E would turn a line around, and 5,000 characters would push the rest away. For programs (`--output
json`) everything stays exact.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, TypeVar
from unicodedata import category

T = TypeVar("T")
_LONGEST: Final = 200  # characters
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def shown(text: str, longest: int = _LONGEST) -> str:
    r"""Return a text with what cannot be seen written out (`\x1b`, `\u202e`), cut where it is too long."""
    cut = "" if len(text) <= longest else f"… ({len(text):,} characters)"
    return "".join(_sign(sign) for sign in text[:longest]) + cut


def all_shown(value: T) -> T:
    """Return the same with every text in it as it may be shown: in mappings, sequences and dataclasses."""
    told: Any = value
    if type(value) is str:  # and no word of a list of words
        told = shown(told)
    elif isinstance(value, Mapping):
        told = {all_shown(name): all_shown(one) for name, one in value.items()}
    elif isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        told = type(value)(all_shown(one) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        told = replace(value, **{one.name: all_shown(getattr(value, one.name)) for one in fields(value) if one.init})
    return told  # type: ignore[no-any-return] # of the kind that was given


def _sign(sign: str) -> str:
    return sign.encode("unicode_escape").decode() if category(sign) in _UNSEEN else sign
