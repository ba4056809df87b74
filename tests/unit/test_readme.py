"""README and pages cannot lie: what they show and list is compared with the code."""

import ast
import re
from pathlib import Path

from choreography.declare import catalog
from infra.contract import settings_table
from producers.ems.__main__ import STATES
from tests import readme

LINES, COLUMNS = 50, 80
AGAIN = f"Settings have changed. Write the page anew: {settings_table.COMMAND}"
LENGTH = 230  # lines of the README


def picture(arrow: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The label of each node of the picture, and its edges of one kind."""
    drawn = readme.block("mermaid")
    plain = re.sub(r'[\[({/]+"[^"]*"[\])}/]+', "", drawn)
    return dict(re.findall(r'(\w+)[\[({/]+"([^"]+)"', drawn)), re.findall(rf"(\w+) {re.escape(arrow)} (\w+)", plain)


def test_the_page_of_settings_is_what_the_programs_read() -> None:
    assert readme.text("docs/settings.md") == settings_table.page(), AGAIN
    assert len(readme.tables("variable", "docs/settings.md")) > 3
    assert settings_table.page().count("\n| `EMS_") == len(settings_table.settings())


def test_a_setting_says_who_reads_it_what_it_is_and_what_it_means() -> None:
    named = {one.variable: one for one in settings_table.settings()}

    assert named["EMS_SCIM_URL"].readers == "access, hr, notification"
    assert named["EMS_KAFKA_BOOTSTRAP_SERVERS"].readers == "all"
    assert (named["EMS_SCIM_URL"].default, named["EMS_IMAP_HOST"].default) == ("required", "–")
    assert named["EMS_STATE_DIR"].default == "`.ems`"
    assert "`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`" in named["EMS_KAFKA_SASL_MECHANISM"].sentence
    assert "`EMS_INTAKE_HEADCOUNT` is known" in named["EMS_INTAKE_BRAKE_PERCENT"].sentence


def test_every_variable_that_a_page_names_exists() -> None:
    known = {one.variable for one in settings_table.settings()}
    named = {name for page in readme.pages() for name in re.findall(r"EMS_[A-Z_]+[A-Z]\b(?!_)", readme.text(page))}

    for_tools = named - known

    places = (readme.ROOT / "infra", readme.ROOT / "tests" / "e2e")
    sources = "\n".join(file.read_text(encoding="utf-8") for place in places for file in place.rglob("*.py"))
    assert {name for name in for_tools if f'"{name}"' not in sources} == set()


def test_the_picture_shows_who_listens_where_and_who_states_what() -> None:
    labels, edges = picture("-->")
    drawn = {(labels[one], labels[other]) for one, other in edges}

    services = [service for _, service in catalog.services("consumers")]
    listens = {(topic.name, service.group) for service in services for topic in service.topics}
    states = {(service.group, kind.topic.name) for service in services for kind in service.publishes}
    assert drawn == listens | states | {("producers.ems", kind.topic.name) for kind in STATES}


def test_the_picture_shows_what_each_service_changes() -> None:
    labels, edges = picture("-.->")
    drawn = {(labels[one], target) for one, target in edges}

    services = [service for _, service in catalog.services("consumers")]
    assert drawn == {(service.group, reaction.target) for service in services for reaction in service.reactions}


def test_the_table_of_reactions_is_what_the_services_declare() -> None:
    services = [service for _, service in catalog.services("consumers")]
    (((_, *groups), *rows),) = readme.tables("when this is stated")

    reactions = {
        (reaction.event.__name__, service.group): reaction.handler.__name__.replace("_", " ")
        for service in services
        for reaction in service.reactions
    }
    listed = {
        (event, group): words
        for event, *cells in rows
        for group, words in zip(groups, cells, strict=True)
        if words != "–"
    }
    assert listed == reactions


def test_the_shown_run_of_the_demo_fits_on_a_small_terminal() -> None:
    lines = readme.demo_output().splitlines()

    assert 0 < len(lines) <= LINES
    assert max(map(len, lines)) <= COLUMNS


def links(page: Path) -> dict[str, Path]:
    """Where a page of ours points to among our own files, by what it writes."""
    found = re.findall(r"\]\((?!https?:)([^)#\s]+)[^)\s]*\)", page.read_text(encoding="utf-8"))
    return {target: (page.parent / target).resolve() for target in found}


def test_every_file_that_a_page_points_to_is_there() -> None:
    pages = [readme.ROOT / "README.md", readme.ROOT / "CHANGELOG.md", *(readme.ROOT / "docs").rglob("*.md")]
    missing = {
        f"{page.relative_to(readme.ROOT)} points to {target}"
        for page in pages
        for target, file in links(page).items()
        if not file.exists()
    }

    assert missing == set()


def test_every_page_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    new = {readme.ROOT / "README.md"}
    while new:
        reached |= new
        new = {file for page in new for file in links(page).values() if file.suffix == ".md"} - reached

    assert set((readme.ROOT / "docs").rglob("*.md")) - reached == set()


def test_the_readme_can_be_read_in_one_go() -> None:
    assert len(readme.text().splitlines()) <= LENGTH


def test_every_place_where_a_change_belongs_is_there_and_says_what_it_is() -> None:
    ((_, *rows),) = readme.tables("I want to …", "docs/where.md")
    named = [(wish, place) for wish, where in rows for place in re.findall(r"([\w-]+/[\w./-]*|pyproject\.toml)", where)]

    assert len({wish for wish, _ in named}) == len(rows)
    for wish, place in named:
        path = readme.ROOT / place
        assert path.exists(), f"Who wants to {wish} is sent to {place}, which is not there: docs/where.md"
        first = path / "__init__.py" if path.is_dir() else path
        if first.suffix == ".py" and first.exists():
            assert ast.get_docstring(ast.parse(first.read_text(encoding="utf-8"))), place


def test_every_test_that_a_complaint_is_answered_by_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", readme.text("docs/complaints.md")))
    written = {
        name
        for file in (readme.ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert len(named) > len(readme.tables("the complaint", "docs/complaints.md")[0])
    assert named - written == set()


def test_the_example_of_a_new_service_is_the_one_that_is_dropped_in() -> None:
    _, *parts = re.split(r"^# (\S+\.py)$", readme.block("python"), flags=re.MULTILINE)
    shown = dict(zip(parts[::2], parts[1::2], strict=True))

    assert shown
    for path, code in shown.items():
        assert code.strip() in (readme.ROOT / "tests" / "e2e" / "newcomer" / path).read_text(encoding="utf-8")


def test_every_make_target_that_a_page_names_exists() -> None:
    makefile = (readme.ROOT / "Makefile").read_text(encoding="utf-8")
    named = {
        name for page in readme.pages() for name in re.findall(r"(?:^|`)make ([a-z]+)", readme.text(page), re.MULTILINE)
    }

    assert {target for target in named if f"\n{target}:" not in makefile} == set()
    assert named >= {"demo", "test", "up", "down"}


def test_every_decision_is_listed_and_says_what_was_rejected() -> None:
    folder: Path = readme.ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    parts = ("Status: ", "## Context", "## Decision", "## Consequences", "## Rejected alternatives")

    pages = sorted(folder.glob("[0-9]*.md"))

    assert pages
    for page in pages:
        content = page.read_text(encoding="utf-8")
        heading = content.partition("\n")[0].removeprefix("# ")
        assert f"[{heading}]({page.name})" in index
        assert heading.startswith(page.name[:4])
        assert [part for part in parts if part not in content] == [], page.name
