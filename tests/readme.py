"""What the README and the pages below `docs/` say, in a form that tests can hold them to."""

import re
from pathlib import Path
from typing import Final

Row = tuple[str, ...]

ROOT: Final = Path(__file__).parents[1]
# What differs from run to run, and what takes its place; in this order.
_CHANGES: Final = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b\d+([.:,-]\d+)*"), "<number>"),
    (re.compile(r"[ \t]+"), " "),
)


def text(page: str = "README.md") -> str:
    """Return a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def pages() -> list[str]:
    """Return the README and all pages below `docs/` but the decisions, which are about what was."""
    found = (file.relative_to(ROOT) for file in sorted((ROOT / "docs").rglob("*.md")))
    return ["README.md", *(str(page) for page in found if page.parent.name != "decisions")]


def block(language: str) -> str:
    """Return the first fenced block of a language in the README."""
    return blocks(language)[0]


def blocks(language: str, page: str = "README.md") -> list[str]:
    """Return every fenced block of a language on a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text(page), re.DOTALL | re.MULTILINE)


def tables(first_heading: str, page: str = "README.md") -> list[list[Row]]:
    """Return every table whose first column has this heading: heading and rows, without backticks and blanks."""
    found = re.findall(r"(?:^\|.*\|$\n?)+", text(page), re.MULTILINE)
    tables = ([_row(line) for line in table.splitlines() if "---" not in line] for table in found)
    return [table for table in tables if table[0][0] == first_heading]


def demo_output() -> str:
    """Return what `make demo` prints when it is piped."""
    return block("text")


def shape(output: str) -> list[str]:
    """Return the lines of an output without what differs from run to run: ids, times, dates, ports, counts."""
    lines = output.strip().splitlines()
    for pattern, stand_in in _CHANGES:
        lines = [pattern.sub(stand_in, line) for line in lines]
    return [line.strip() for line in lines]


def _row(line: str) -> Row:
    return tuple(cell.strip(" `") for cell in line.strip().strip("|").split("|"))
