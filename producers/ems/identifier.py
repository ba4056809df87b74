"""Ids of people and employments: what looks the same is the same, or is refused.

Two ids that nobody can tell apart would be two people, each with a case. So an id has no character that is not seen
(Unicode's format characters, and all that it calls default-ignorable), no blank but the common one, and one normal
form.
"""

import re
import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, Field

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Default_Ignorable_Code_Point of Unicode, as far as no category tells; and a letter of Braille without any dot.
_IGNORABLE: Final = r"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
_IGNORED: Final = re.compile(f"[{_IGNORABLE}\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]")
# The same for the documentation, as far as JSON Schema can say it in one way for all who read it.
_SIGNS: Final = rf"\x00-\x1f\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb{_IGNORABLE}"
_PATTERN: Final = rf"^[^\s{_SIGNS}]([^{_SIGNS}]*[^\s{_SIGNS}])?$"


def _told_apart(text: str) -> str:
    if text != text.strip() or _IGNORED.search(text) or any(map(_is_unseen, text)):
        raise ValueError("remove blanks around it, and characters that cannot be seen")
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("write letters with accents as one character each (Unicode's normal form C)")
    return text


def _is_unseen(sign: str) -> bool:
    category = unicodedata.category(sign)
    return category in _UNSEEN or (category == "Zs" and sign != " ")


Id = Annotated[
    str, Field(min_length=1, max_length=200, json_schema_extra={"pattern": _PATTERN}), AfterValidator(_told_apart)
]
