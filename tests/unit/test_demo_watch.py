"""The demo's patience: it waits for what it needs, starts what dies, and does not wait for ever."""

import io
from collections.abc import Iterator, Sequence
from typing import cast

import pytest

from infra.demo.screen import Screen
from infra.demo.watch import Watch
from infra.errors import InfraError, Refused
from infra.local.stack import Stack
from infra.progress import Progress, Silence


class FragileStack:
    """A stack in which, at each look, what it is told to has died; an error is raised."""

    def __init__(self, *deaths: tuple[str, ...] | InfraError) -> None:
        self._deaths = iter(deaths)
        self.ended: list[str] = []

    def end(self, names: Sequence[str]) -> None:
        self.ended.extend(names)

    def start_missing(self, progress: Progress) -> tuple[str, ...]:
        del progress
        died = next(self._deaths, ())
        if isinstance(died, InfraError):
            raise died
        return died


def watch(stack: FragileStack, said: list[str]) -> Watch:
    return Watch(cast("Stack", stack), said.append, Silence())


def test_what_dies_while_something_is_awaited_is_started_again_and_named() -> None:
    said: list[str] = []
    answers: Iterator[str | None] = iter([None, None, "found"])

    found = watch(FragileStack(("consumers.hr",)), said).until(lambda: next(answers), "an answer", 10.0)

    assert found == "found"
    assert said == ["consumers.hr died and was started again"]


def test_something_that_dies_while_another_process_starts_is_no_reason_to_give_up() -> None:
    said: list[str] = []

    found = watch(FragileStack(Refused("not ready"), ("kafka",)), said).until(lambda: True, "an answer", 10.0)

    assert found
    assert said == ["kafka died and was started again"]


def test_what_cannot_be_started_again_ends_the_story() -> None:
    failing = FragileStack(Refused("no"), Refused("no"), Refused("kafka ended while it was starting."))

    with pytest.raises(Refused, match="kafka ended"):
        watch(failing, []).until(lambda: True, "an answer", 10.0)


def test_what_is_stopped_for_a_while_is_not_started_again_meanwhile() -> None:
    said: list[str] = []
    stack = FragileStack(("consumers.hr",))
    watched = watch(stack, said)

    with watched.without(["consumers.hr"]):
        watched.until(lambda: True, "an answer", 10.0)

    assert stack.ended == ["consumers.hr"]
    assert said == []
    assert stack.start_missing(Silence()) == ()  # the one death was seen when the block had ended


def test_nothing_is_waited_for_beyond_the_deadline() -> None:
    assert watch(FragileStack(), []).until(lambda: None, "an answer that never comes", 0.1) is None


def test_at_a_pipe_lines_are_plain_and_a_command_stays_on_one_line() -> None:
    stream = io.StringIO()
    screen = Screen(stream)

    screen.headline("Somebody resigns.")
    screen.say("In bold.", "bold red")
    screen.verbatim("word " * 40)

    assert screen.moving is False
    assert stream.getvalue().splitlines() == ["Somebody resigns.", "In bold.", ("word " * 40)]
