"""`ems demo`: the whole system, shown in half a minute, in a state directory of its own."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from infra.endpoints import state_directory
from infra.errors import InfraError

if TYPE_CHECKING:
    from infra.demo.screen import Screen
    from infra.demo.stage import Stage

commands = typer.Typer()

StateDir = Annotated[
    Path | None,
    typer.Option(envvar="EMS_STATE_DIR", help="Below which the demo gets a directory of its own (default: .ems)."),
]
Output = Annotated[Literal["text", "json"], typer.Option(help="text, or json for programs.")]


@commands.command()
def demo(*, state_dir: StateDir = None, output: Output = "text") -> None:
    """Watch three resignations travel: mails, interviews, access; every effect read back from its target.

    Everything is started for it, beside whatever runs already, and stopped afterwards: on a terminal when you press
    Enter, otherwise at once. Exit code 0 only if every proof held.
    """
    from infra.demo.commands import commands as commands_to_try  # noqa: PLC0415
    from infra.demo.pause import until_enter  # noqa: PLC0415
    from infra.demo.screen import Screen  # noqa: PLC0415
    from infra.demo.stage import open_stage  # noqa: PLC0415
    from infra.demo.verdict import pronounce  # noqa: PLC0415
    from infra.demo.watch import Watch  # noqa: PLC0415
    from infra.local.own_directory import own_directory  # noqa: PLC0415
    from infra.local.stack import Stack  # noqa: PLC0415

    begun = monotonic()
    place, screen = state_directory(state_dir), Screen(quiet=output == "json")
    with own_directory(place / "demo", screen.progress) as own:
        stack = Stack(own)
        with screen.busy("Starting Kafka, a registry, mail, calendar, directory and the services …"):
            endpoints = stack.up(screen.progress)
        screen.say(f"{len(endpoints.pids)} processes are ready after {monotonic() - begun:.1f} s.")
        with open_stage(screen, Watch(stack, screen.say, screen.progress), endpoints) as stage:
            problem = _told(stage)
        held = pronounce(screen, stage.proofs, problem, own / "logs", place / "demo-logs")
        if screen.watched:
            _offer(screen, commands_to_try(own, endpoints, stage.cases))
            until_enter()
        stack.down(screen.progress)
    if output == "json":
        print(json.dumps({"held": held, "problem": problem, "proofs": [asdict(proof) for proof in stage.proofs]}))
    screen.say(f"Everything is stopped again{'' if screen.watched else f', after {monotonic() - begun:.1f} s in all'}.")
    raise typer.Exit(0 if held else 1)


def _told(stage: "Stage") -> str:
    """Tell the story; return why it stopped early, if it did."""
    from infra.demo.story import tell  # noqa: PLC0415

    try:
        tell(stage)
    except InfraError as error:
        return str(error)
    return ""


def _offer(screen: "Screen", offers: Sequence[tuple[str, str]]) -> None:
    screen.headline("Everything keeps running. To try in another terminal")
    for meaning, command in offers:
        screen.say(meaning, "dim")
        screen.verbatim(command, "cyan")
    screen.say("Enter stops everything.", "bold")
