"""The README cannot lie: what it shows and lists is compared with the code."""

import re
from importlib import import_module
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from choreography import ServiceSettings
from choreography.declare import catalog
from infra.inventory import programs
from producers.ems.__main__ import STATES
from tests import readme

LINES, COLUMNS = 50, 80


def settings() -> dict[str, dict[str, FieldInfo]]:
    """The fields of each settings model, by the last part of its package's name and by variable."""
    models: dict[str, type[ServiceSettings]] = {
        program.rpartition(".")[2]: import_module(f"{program}.settings").Settings for program in programs()
    }
    return {
        name: {f"EMS_{field.upper()}": info for field, info in model.model_fields.items()}
        for name, model in models.items()
    }


def default_of(fields: list[FieldInfo]) -> str:
    if any(field.is_required() for field in fields):
        return "required"
    value = fields[0].default
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    return str(plain) if plain not in (None, "", ()) else "–"


def picture(arrow: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The label of each node of the picture, and its edges of one kind."""
    drawn = readme.block("mermaid")
    plain = re.sub(r'[\[({/]+"[^"]*"[\])}/]+', "", drawn)
    return dict(re.findall(r'(\w+)[\[({/]+"([^"]+)"', drawn)), re.findall(rf"(\w+) {re.escape(arrow)} (\w+)", plain)


def test_every_setting_is_listed_with_its_readers_and_its_default() -> None:
    by_program = settings()
    variables = sorted({name for fields in by_program.values() for name in fields})

    expected = {}
    for variable in variables:
        readers = sorted(program for program, fields in by_program.items() if variable in fields)
        default = default_of([by_program[reader][variable] for reader in readers])
        expected[variable] = ("all" if len(readers) == len(by_program) else ", ".join(readers), default)

    listed = [row for _, *rows in readme.tables("variable") for row in rows]
    assert {variable: (readers, default) for variable, readers, default, _ in listed} == expected
    assert len(listed) == len(expected)


def test_every_variable_that_the_readme_names_exists() -> None:
    known = {name for fields in settings().values() for name in fields}
    named = set(re.findall(r"EMS_[A-Z_]+[A-Z]", readme.text()))

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


def test_every_file_that_the_readme_points_to_is_there() -> None:
    pages = [readme.ROOT / "README.md", readme.ROOT / "CHANGELOG.md", *(readme.ROOT / "docs").rglob("*.md")]
    missing = {
        f"{page.relative_to(readme.ROOT)} points to {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:)([^)#\s]+)[^)\s]*\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    }

    assert missing == set()


def test_every_test_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", readme.text()))
    written = {
        name
        for file in (readme.ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert len(named) > len(readme.tables("the complaint")[0])
    assert named - written == set()


def test_the_example_of_a_new_service_is_the_one_that_is_dropped_in() -> None:
    _, *parts = re.split(r"^# (\S+\.py)$", readme.block("python"), flags=re.MULTILINE)
    shown = dict(zip(parts[::2], parts[1::2], strict=True))

    assert shown
    for path, code in shown.items():
        assert code.strip() in (readme.ROOT / "tests" / "e2e" / "newcomer" / path).read_text(encoding="utf-8")


def test_every_make_target_that_the_readme_names_exists() -> None:
    makefile = (readme.ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"^(?:`)?make (\w+)", readme.text(), re.MULTILINE))

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
