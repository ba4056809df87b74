"""`ems schemas`: what was released once stays readable."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from infra.contract import golden, released
from infra.contract.released import Releases, stated_events

app = typer.Typer(no_args_is_help=True, help="Check and freeze the schemas of a checkout.")

Folder = Annotated[Path, typer.Option(help="Where the frozen versions are kept.")]
GoldenFolder = Annotated[Path, typer.Option(help="Where the golden vectors are kept.")]
Output = Annotated[Literal["text", "json"], typer.Option(help="text, or json for programs.")]


@app.command()
def check(folder: Folder = released.FOLDER, output: Output = "text") -> None:
    """Say whether every schema reads, and is read by, every version that was ever released."""
    _demand_a_checkout()
    findings = Releases(folder).findings(stated_events())
    if output == "json":
        print(json.dumps({"findings": findings}))
    else:
        print("\n".join(findings) or f"{len(stated_events())} schemas read and are read by all their versions.")
    raise typer.Exit(1 if findings else 0)


@app.command()
def freeze(
    folder: Folder = released.FOLDER,
    vectors: GoldenFolder = golden.FOLDER,
    *,
    amend: Annotated[bool, typer.Option(help="Replace the newest version, of which no record exists yet.")] = False,
    output: Output = "text",
) -> None:
    """Keep a copy, and golden vectors, of every schema that is new or differs from its newest frozen version."""
    _demand_a_checkout()
    written: dict[str, int] = {}
    releases = Releases(folder)
    for kind in stated_events():
        version = releases.freeze(kind, amend=amend)
        newest = len(releases.versions(kind.full_name()))
        if version or amend or not golden.file_of(kind, newest, vectors).exists():
            golden.write_vectors(kind, newest, vectors)
        if version:
            written[kind.full_name()] = version
    if output == "json":
        print(json.dumps({"frozen": written}))
    else:
        lines = [f"{name}: version {version}" for name, version in written.items()]
        print("\n".join(lines) or "Nothing to freeze: no schema differs from its newest version.")


def _demand_a_checkout() -> None:
    if not Path("schemas").is_dir() or not Path("tests/contract").is_dir():
        typer.echo(
            "This is not the root of a checkout, where the frozen schemas are kept. Change there first.", err=True
        )
        raise typer.Exit(2)
