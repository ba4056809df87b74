"""`python -m tests.simulation`: live thousands of crash histories of the real runtime, and let the checker judge them.

The seed says everything: the same seed at the same commit is the same history.
"""

import os
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.simulation.plan import plan_of
from tests.simulation.run import live
from tests.simulation.runner import be_silent, fix_the_order_of_sets, run_all

HISTORIES: Final = 100_000
SHOWN: Final = 10
SEEDS: Final = Path(__file__).parent / "seeds.txt"


def simulate(
    *,
    histories: Annotated[int, typer.Option(min=1, help="How many histories.")] = HISTORIES,
    seed: Annotated[int, typer.Option(help="The first one's seed; the others count on from it.")] = 1,
    processes: Annotated[int, typer.Option(min=1, help="How many at once.")] = os.cpu_count() or 1,
    served: Annotated[
        bool, typer.Option("--served", help="The real clients ask real servers' code (slower); the three duties only.")
    ] = False,
    kept: Annotated[bool, typer.Option("--kept", help="Live the kept seeds, which found something once.")] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Show all that happens in one history.")] = False,
) -> None:
    """Live crash histories; the exit code is 1 where one shows what must not be."""
    if trace:
        _show(seed, served=served)
        return
    seeds = kept_seeds() if kept else range(seed, seed + histories)
    what = "the kept seeds" if kept else f"seeds {seed} to {seed + histories - 1}"
    begun, lived, steps = monotonic(), 0, 0
    failures: dict[int, tuple[str, ...]] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("histories", total=len(seeds))
        for some in run_all(list(seeds), processes, served=served):
            lived, steps = lived + some.histories, steps + some.steps
            failures |= some.failures
            bar.update(task, completed=lived, description=f"{lived / (monotonic() - begun):.0f} histories a second")
            if len(failures) >= SHOWN:
                break
    seconds = monotonic() - begun
    _tell(failures, served=served)
    typer.echo(
        f"{lived:,} histories, {steps:,} steps, in {seconds:,.0f} s: {lived / seconds:,.0f} a second, "
        f"{len(failures)} with anomalies ({what}, commit {_commit()})"
    )
    raise SystemExit(1 if failures else 0)


def kept_seeds() -> list[int]:
    """Return the seeds that are kept because they found something once."""
    lines = SEEDS.read_text(encoding="utf-8").splitlines()
    return [int(line.split()[0]) for line in lines if line.strip() and not line.startswith("#")]


def _tell(failures: dict[int, tuple[str, ...]], *, served: bool) -> None:
    for seed, anomalies in sorted(failures.items())[:SHOWN]:
        typer.echo(f"Seed {seed} at commit {_commit()} shows what must not be:")
        for anomaly in anomalies:
            typer.echo(f"  {anomaly}")
        typer.echo(f"Repeat it: python -m tests.simulation --seed {seed}{' --served' if served else ''} --trace\n")


def _show(seed: int, *, served: bool) -> None:
    be_silent()
    outcome = live(plan_of(seed, served=served), trace=True)
    typer.echo("\n".join((str(outcome.plan), *outcome.lines)))
    _tell({seed: outcome.anomalies} if outcome.anomalies else {}, served=served)
    raise SystemExit(1 if outcome.anomalies else 0)


def _commit() -> str:
    try:
        asked = ("git", "rev-parse", "--short", "HEAD")
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


if __name__ == "__main__":
    fix_the_order_of_sets()
    typer.run(simulate)
