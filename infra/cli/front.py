"""The first page, `ems --help`, drawn as typer draws it, whose import and whose pen take most of a second."""

import shutil
import sys
from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import Final

from infra.cli.nouns import SUMMARY, epilog, nouns

_OPTIONS: Final = {
    "--install-completion": "Install completion for the current shell.",
    "--show-completion": "Show completion for the current shell, to copy it or customize the installation.",
    "--help": "Show this message and exit.",
}
_NARROWEST: Final = 70  # below, typer folds columns in its own way


def front_page(arguments: list[str]) -> str | None:
    """Return the page, where exactly that is asked for and it can be drawn here."""
    width = shutil.get_terminal_size().columns
    is_drawn = arguments == ["--help"] and width >= _NARROWEST and (sys.stdout.encoding or "").lower() == "utf-8"
    return "\n".join(page(width)) if is_drawn and epilog() is None else None


def page(width: int) -> Iterator[str]:
    """Yield the lines of the page, without blanks at their ends."""
    yield from ("", " Usage: ems [OPTIONS] COMMAND [ARGS]...", "")
    yield from (f" {line}" for line in wrap(SUMMARY, width - 2))
    yield ""
    yield from _panel("Options", ((f"{name:28}<bool>  ", text) for name, text in _OPTIONS.items()), width)
    names = nouns()
    column = max(map(len, names)) + 2
    yield from _panel("Commands", ((f"{name:{column}}", noun.help) for name, noun in names.items()), width)
    yield ""


def _panel(title: str, rows: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    yield f"╭─ {title} {'─' * (width - len(title) - 5)}╮"
    for name, text in rows:
        for number, line in enumerate(wrap(text, width - len(name) - 4)):
            begin = name if number == 0 else " " * len(name)
            yield f"│ {begin + line:{width - 4}} │"
    yield f"╰{'─' * (width - 2)}╯"
