"""Runbooks and pages cannot lie: every command and option that they show exists."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from choreography.records import HoldReason
from infra.cli.app import app
from tests.readme import ROOT, pages

PAGES = [ROOT / page for page in pages() if "ems " in (ROOT / page).read_text(encoding="utf-8")]
COMMANDS = typer.main.get_command(app)


def commands(page: Path) -> list[list[str]]:
    """Return the words of each `ems …` that a page shows, in a block or in a line, up to a remark."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    shown = re.findall(r"^\s*(ems [a-z].*)$", text, re.MULTILINE) + re.findall(r"`(ems [^`]*)`", text)
    return [shlex.split(one, comments=True)[1:] for line in shown for one in line.split(" && ")]


def options(words: list[str]) -> set[str]:
    """Return the options of a command line that its command does not have."""
    command: Any = COMMANDS
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"ems {' '.join(words)}: there is no such command"
        command, words = command.commands[words[0]], words[1:]
    known = {"--help"} | {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    return {word for word in words if word.startswith("-")} - known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_that_a_page_shows_exists(page: Path) -> None:
    shown = commands(page)

    assert shown
    assert [(words, wrong) for words in shown if (wrong := options(words))] == []


def test_every_command_that_there_is_is_shown_on_a_page() -> None:
    shown = {words[0] for page in PAGES for words in commands(page)}

    assert set(typer.main.get_group(app).commands) - shown == set()


def test_the_runbook_of_what_is_held_explains_every_reason() -> None:
    text = (ROOT / "docs" / "runbooks" / "held.md").read_text(encoding="utf-8")

    explained = set(re.findall(r"^\| ([A-Z]+) \|", text, re.MULTILINE))
    assert explained == {reason.value for reason in HoldReason} - {"UNKNOWN"}


def test_every_file_that_a_page_names_is_there() -> None:
    named = {name for page in PAGES for name in re.findall(r"\b(?:tests|infra)/[\w/.-]+", page.read_text())}

    assert {name for name in named if not (ROOT / name).exists()} == set()
    assert named


def test_every_variable_that_a_page_names_is_read_somewhere() -> None:
    named = {name for page in PAGES for name in re.findall(r"EMS_[A-Z_]+[A-Z]", page.read_text())}
    sources = [*(ROOT / "infra").rglob("*.py"), *(ROOT / "tests" / "e2e").glob("*.py"), ROOT / "docs" / "settings.md"]
    read = "\n".join(file.read_text(encoding="utf-8") for file in sources)

    assert {name for name in named if name not in read} == set()
