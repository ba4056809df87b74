"""What others wrote reaches the operator's terminal as signs that can be read, and never as commands to it."""

from dataclasses import dataclass

import pytest

from infra.cli.main import _say
from infra.cli.shown import all_shown, shown


@dataclass(frozen=True)
class Record:
    """Written by anybody."""

    key: str
    headers: tuple[tuple[str, str], ...]
    size: int = 3


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("E1014", "E1014"),
        ("Zoë 王 – ß", "Zoë 王 – ß"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\nb\rc", r"a\nb\rc"),
        ("E1\u202e4101", r"E1\u202e4101"),
        ("a\u2028b\u200bc\ufeff", r"a\u2028b\u200bc\ufeff"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_cannot_be_seen_is_written_out(written: str, seen: str) -> None:
    assert shown(written) == seen


def test_what_is_too_long_is_cut_and_says_so() -> None:
    assert shown("x" * 5_000) == "x" * 200 + "… (5,000 characters)"
    assert shown("\x1b" * 5_000).count("\x1b") == 0


def test_it_reaches_into_whatever_holds_texts() -> None:
    record = Record("\x1b", (("\u202e", "b"),))

    assert all_shown({"\x1b": [record, None, 7]}) == {r"\x1b": [Record(r"\x1b", ((r"\u202e", "b"),)), None, 7]}


def test_a_sentence_about_what_somebody_wrote_keeps_its_lines_alone(capsys: pytest.CaptureFixture[str]) -> None:
    code = _say("The intake answered:\n  \x1b]0;owned\x07", 1)

    assert (code, capsys.readouterr().err) == (1, "The intake answered:\n  \\x1b]0;owned\\x07\n")
