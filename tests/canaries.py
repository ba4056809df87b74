"""Canaries: texts that stand nowhere else, planted in the company and looked for in every byte that EMS keeps.

A leak need not be plain: a mail wraps a name in base64 or quoted-printable, an address is percent-encoded in a URL, a
library logs it with escapes. So every form of a canary is looked for, whatever its case, and also across the line
breaks that a mail puts into it.
"""

import base64
import html
import json
import quopri
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

_EMPTY: Final = frozenset({".index", ".timeindex", ".txnindex"})  # of Kafka: numbers alone, and mostly holes
_FOLD: Final = re.compile(rb"=?\r?\n[ \t]?")  # as mails and calendars break long lines
_SHORTEST: Final = 8  # letters; a shorter canary might stand somewhere by chance


class Canaries:
    """Some texts, and every form in which they may stand somewhere.

    Args:
        texts: what must not be found; single words, since a mail may encode each word of a header by itself.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(dict.fromkeys(texts))
        assert all(len(text) >= _SHORTEST for text in self.texts), self.texts
        self._exact = {text: frozenset(_base64(text)) for text in self.texts}
        self._any_case = {
            text: frozenset(form.lower() for one in (text, text.lower(), text.upper()) for form in _forms(one))
            for text in self.texts  # `bytes.lower` knows no letters beyond ASCII
        }

    def found_in(self, content: bytes) -> set[str]:
        """Return which of them stand in some bytes."""
        exact = (content, _FOLD.sub(b"", content))
        any_case = tuple(one.lower() for one in exact)
        return {
            text
            for text in self.texts
            if any(form in one for one in any_case for form in self._any_case[text])
            or any(form in one for one in exact for form in self._exact[text])
        }

    def found_below(self, folder: Path, *, leave_out: Iterable[Path] = ()) -> dict[str, set[str]]:
        """Return which of them stand in which files, by path: their names and their bytes."""
        out = tuple(leave_out)
        found: dict[str, set[str]] = {}
        for path in sorted(folder.rglob("*")):
            if any(path.is_relative_to(one) for one in out):
                continue
            if here := self.found_in(str(path.relative_to(folder)).encode() + b"\0" + _content(path)):
                found[str(path.relative_to(folder))] = here
        return found


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() and path.suffix not in _EMPTY else b""
    except FileNotFoundError:  # a segment, or a log of a database, that has gone meanwhile
        return b""


def _forms(text: str) -> Iterator[bytes]:
    raw = text.encode()
    yield from (raw, raw.hex().encode(), text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode("latin-1"))
    yield from (quote(text, safe="").encode(), quote(text).encode(), quote_plus(text).encode())
    yield from (quopri.encodestring(raw), quopri.encodestring(raw, header=True))
    yield from (json.dumps(text)[1:-1].encode(), text.encode("unicode_escape"), text.encode("idna"))
    yield from (html.escape(text).encode(), text.encode("ascii", "xmlcharrefreplace"))


def _base64(text: str) -> Iterator[bytes]:
    """Yield what base64 makes of a text, wherever among the bytes it begins: the letters that it alone decides."""
    for raw in (text.encode(), text.encode("utf-16-le")):
        for before in range(3):
            coded = base64.b64encode(bytes(before) + raw)
            first = -(-before * 8 // 6)
            last = (before + len(raw)) * 8 // 6
            yield coded[first:last]
            yield coded[first:last].replace(b"+", b"-").replace(b"/", b"_")
