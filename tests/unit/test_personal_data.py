"""`docs/personal-data.md` cannot lie: it names every topic and every table that there is, and how long each keeps."""

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Final

from sqlalchemy import MetaData, Table

from choreography.outbox.relay import KEPT
from infra.inventory import inventory
from tests.readme import ROOT

PAGE: Final = (ROOT / "docs" / "personal-data.md").read_text(encoding="utf-8")
DAY_MS: Final = 86_400_000


def rows(heading: str) -> dict[str, list[str]]:
    """The rows of the table below a heading, by what stands in the first column."""
    part = PAGE.partition(f"\n### {heading}\n")[2].partition("\n#")[0]
    lines = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in lines}


def tables() -> Iterator[Table]:
    """Every table of the kit, of the producers and of the services."""
    for package in map(import_module, ("choreography", "producers", "consumers")):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                for one in vars(import_module(module.name)).values():
                    yield from one.tables.values() if isinstance(one, MetaData) else ()


def test_every_topic_is_named_with_how_long_it_keeps() -> None:
    named = {name: cells[-1] for name, cells in rows("On the topics").items()}
    there = {
        topic.name: "for ever" if topic.retention_ms < 0 else f"{topic.retention_ms // DAY_MS} days"
        for topic in inventory().topics
    }
    compacted = {topic.name for topic in inventory().topics if topic.cleanup == "compact"}

    assert named.keys() == there.keys()
    assert {name: kept for name, kept in named.items() if not kept.endswith(there[name])} == {}
    assert {name for name, kept in named.items() if kept.startswith("the newest")} == compacted


def test_every_table_is_named() -> None:
    assert set(rows("In the databases")) == {table.name for table in tables()}


def test_the_outbox_forgets_when_the_page_says_so() -> None:
    assert rows("In the databases")["outbox"][-1] == f"{KEPT.days} days after it was published"


def test_every_file_and_variable_that_the_page_names_is_there() -> None:
    named = re.findall(r"\b(?:tests|infra)/[\w/.-]+\w", PAGE)
    linked = re.findall(r"\]\(([\w/.-]+)\)", PAGE)

    assert named
    assert [one for one in named if not (ROOT / one).exists()] == []
    assert [one for one in linked if not (ROOT / "docs" / one).exists()] == []
