"""`ems up`, `down`, `status`, `deploy`: keep a system running on this machine."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from infra.endpoints import Endpoints, state_directory
from infra.errors import Unreachable, WrongUsage
from infra.progress import progress_on

if TYPE_CHECKING:  # imported where a command needs them: a help needs none
    from infra.local.row import Row
    from infra.local.stack import Stack

commands = typer.Typer()

_MB: Final = 1_000_000
_MAX_PORT: Final = 65_535

StateDir = Annotated[
    Path | None,
    typer.Option(envvar="EMS_STATE_DIR", help="Where data, logs and addresses are kept (default: .ems)."),
]
Output = Annotated[Literal["text", "json"], typer.Option(help="text, or json for programs.")]


@commands.command(epilog="Example: ems up --port intake=8080 --port kafka=9092")
def up(
    *,
    state_dir: StateDir = None,
    broker: Annotated[
        Literal["local", "own"] | None,
        typer.Option(help="local: processes of this machine. own: named by EMS_…."),
    ] = None,
    port: Annotated[
        list[str] | None, typer.Option(metavar="NAME=PORT", help="A port of your choice; may be repeated.")
    ] = None,
    platform_only: Annotated[bool, typer.Option(help="Only the broker, the registry and their content.")] = False,
    output: Output = "text",
) -> None:
    """Start what is missing, and return when all is ready.

    Settings given as EMS_… replace the sandbox's: EMS_SMTP_HOST, EMS_CALDAV_URL, EMS_SCIM_URL and so on.
    """
    begun = monotonic()
    from infra.local.environment import given_settings  # noqa: PLC0415 - heavy
    from infra.local.own_systems import whose  # noqa: PLC0415 - heavy

    stack = _stack(state_dir, broker, _ports(port or []))
    given = given_settings(os.environ, stack.state_dir)
    endpoints = stack.up(progress_on(), only_platform=platform_only)
    if output == "json":
        print(json.dumps({"state_dir": str(stack.state_dir), "pids": dict(endpoints.pids)}))
        return
    print(f"Ready: {len(endpoints.pids)} processes, after {monotonic() - begun:.1f} s.")
    print(f"  Kafka   {endpoints.kafka}\n  Intake  {endpoints.intake}\n{whose(given)}")
    print("Try: ems resign --employee E1014   Look: ems status   Stop: ems down")


@commands.command()
def down(*, state_dir: StateDir = None, output: Output = "text") -> None:
    """End everything, also what a killed run left; the data stays."""
    ended = _stack(state_dir, again=True).down(progress_on()) if state_directory(state_dir).is_dir() else ()
    if output == "json":
        print(json.dumps({"ended": ended}))
    else:
        print(f"Ended {len(ended)} processes; the data stays." if ended else "Nothing was running here.")


@commands.command()
def status(*, state_dir: StateDir = None, output: Output = "text") -> None:
    """Show every process: exit code 0 when all are ready, 1 when one is not, 3 when nothing runs."""
    if not state_directory(state_dir).is_dir():
        raise Unreachable
    rows = _stack(state_dir, again=True).status()
    if output == "json":
        print(json.dumps([asdict(row) for row in rows], default=str))
    elif any(row.pid for row in rows):
        _show(rows)
    if not any(row.pid for row in rows):
        raise Unreachable
    raise typer.Exit(0 if all(row.ready for row in rows) else 1)


@commands.command()
def deploy(
    *,
    state_dir: StateDir = None,
    bootstrap_server: Annotated[
        str | None,
        typer.Option(
            "--bootstrap-server", "-b", envvar="EMS_KAFKA_BOOTSTRAP_SERVERS", help="host:port of the cluster."
        ),
    ] = None,
    registry: Annotated[
        str | None, typer.Option(envvar="EMS_SCHEMA_REGISTRY_URL", help="Address of the schema registry.")
    ] = None,
    output: Output = "text",
) -> None:
    """Create the topics that are missing and register the schemas; what stands is left as it is."""
    from infra.deploy import deploy as bring  # noqa: PLC0415 - heavy
    from infra.inventory import inventory  # noqa: PLC0415 - heavy
    from infra.providers import Broker  # noqa: PLC0415 - heavy

    if not bootstrap_server or not registry:
        running = Endpoints.read(state_directory(state_dir))
        bootstrap_server, registry = bootstrap_server or running.kafka, registry or running.registry
    done = bring(Broker(bootstrap_server, registry), inventory())
    if output == "json":
        print(json.dumps(asdict(done)))
    else:
        print("\n".join([*(f"created     {name}" for name in done.created), *_registered(done.registered)]))
        print("\n".join([done.summary, *done.warnings]))


def _registered(subjects: Sequence[str]) -> list[str]:
    return [f"registered  {name}" for name in subjects]


def _stack(
    state_dir: Path | None, broker: str | None = None, ports: dict[str, int] | None = None, *, again: bool = False
) -> "Stack":
    """Return the stack; `again` is the one that was put up before, also from another terminal."""
    from infra.local.environment import given_settings, remembered  # noqa: PLC0415 - heavy
    from infra.local.stack import Stack  # noqa: PLC0415 - heavy
    from infra.providers.choice import BrokerChoice, provider  # noqa: PLC0415 - heavy

    place = state_directory(state_dir)
    given = (remembered(place) if again else {}) | given_settings(os.environ, place)
    return Stack(
        place,
        provider=provider(BrokerChoice(broker) if broker else None, place, given, ports or {}),
        given=given,
        given_ports=ports,
    )


def _ports(texts: Sequence[str]) -> dict[str, int]:
    ports: dict[str, int] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if not name or not number.isdecimal() or not 0 < int(number) <= _MAX_PORT:
            raise WrongUsage(f"--port {text} is not understood. Write the process and its port: --port kafka=9092")
        ports[name] = int(number)
    return ports


def _show(rows: "Sequence[Row]") -> None:
    from rich.console import Console  # noqa: PLC0415 - heavy
    from rich.table import Table  # noqa: PLC0415 - heavy

    table = Table("name", "pid", "port", "ready", "since", "MB", box=None, pad_edge=False)
    for row in rows:
        if row.pid is None or row.since is None:
            table.add_row(row.name, "–", str(row.port), "not running", "", "")
        else:
            ready = "yes" if row.ready else "not yet"
            memory = f"{row.resident_bytes / _MB:.0f}"
            table.add_row(row.name, str(row.pid), str(row.port), ready, _age(row.since), memory)
    Console().print(table)


def _age(since: datetime) -> str:
    seconds = int((datetime.now(UTC) - since).total_seconds())
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{seconds} s"
