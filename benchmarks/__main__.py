"""`python -m benchmarks`: measure on fresh servers of its own, beside any that run, and print a table.

A target that is missed is printed as such; the exit code is 0 all the same, because a slow machine is no error.
"""

import json
import sys
from collections.abc import Collection, Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from benchmarks.decoding import decoding_figure
from benchmarks.figures import Figure, as_json, show
from benchmarks.intake_alone import intake_figures
from benchmarks.kit.rows import ROWS, measure_rows
from benchmarks.load import Load
from benchmarks.mass import STEPS as MASS_STEPS
from benchmarks.mass import measure_mass
from benchmarks.run import measure_system
from benchmarks.steps import Steps
from infra.errors import InfraError, Interrupted, WrongUsage
from infra.interruption import interruptible
from infra.local.own_directory import own_directory
from infra.progress import progress_on

WHAT: Final = {
    "decoding": "bytes to a validated model, beside fastavro and pydantic",
    "intake": "the intake on one core, beside a bare route that commits",
    **{name: row.what for name, row in ROWS.items()},
    "system": "the whole system: effects, memory, intake",
    "mass": "the whole system while a thousand resign at once",
}
_HELP: Final = "What to measure; without any, everything:\n\n" + "; ".join(f"{n} ({what})" for n, what in WHAT.items())
_SYSTEM_STEPS: Final = 5


def bench(
    rows: Annotated[list[str] | None, typer.Argument(metavar="[ROW]...", help=_HELP, show_default=False)] = None,
    *,
    load: Annotated[
        list[str],
        typer.Option(metavar="CASES@RATE", help="Of system: resignations, and how many a second; repeatable."),
    ] = ["60@5", "200@20"],  # noqa: B006 - never changed
    output: Annotated[Literal["text", "json"], typer.Option(help="text, or json for programs.")] = "text",
) -> None:
    """Measure how fast and how large everything is, each figure beside what it is to be."""
    chosen, loads = _chosen(rows or WHAT), [_load(text) for text in load]
    parent = Path(".ems").absolute() / "bench"
    with own_directory(parent, progress_on()) as directory, Steps.on_standard_error(_number(chosen, loads)) as steps:
        figures = list(_measured(chosen, loads, directory, steps))
    if output == "json":
        print(json.dumps(as_json(figures), indent=2))
    else:
        show(figures)


def _measured(chosen: Collection[str], loads: Sequence[Load], directory: Path, steps: Steps) -> Iterator[Figure]:
    if "decoding" in chosen:
        steps.begin("decoding")
        yield decoding_figure()
    if "intake" in chosen:
        steps.begin("the intake on one core")
        yield from intake_figures(directory)
    if on_broker := [name for name in ROWS if name in chosen]:
        yield from measure_rows(directory, on_broker, steps)
    if "system" in chosen:
        yield from measure_system(directory / "system", loads, steps)
    if "mass" in chosen:
        yield from measure_mass(directory / "mass", steps)


def _number(chosen: Collection[str], loads: Sequence[Load]) -> int:
    """Return how many steps it takes."""
    on_broker = len(ROWS.keys() & chosen)
    system = _SYSTEM_STEPS + 2 * len(loads) if "system" in chosen else 0
    mass = MASS_STEPS if "mass" in chosen else 0
    alone = ("decoding" in chosen) + ("intake" in chosen)
    return alone + on_broker + (on_broker > 0) + system + mass


def _chosen(rows: Collection[str]) -> Collection[str]:
    unknown = [name for name in rows if name not in WHAT]
    if unknown:
        raise WrongUsage(f"There is no row {', '.join(unknown)}. There are: {', '.join(WHAT)}.")
    return rows


def _load(text: str) -> Load:
    cases, _, rate = text.partition("@")
    try:
        found = Load(int(cases), float(rate))
    except ValueError:
        found = Load(0, 0)
    if found.cases < 1 or not 0 < found.rate < inf:
        raise WrongUsage(f"--load {text} is not understood. Write, for 200 cases at 20 a second: --load 200@20")
    return found


def main() -> int:
    """Run the command line; return the exit code."""
    try:
        with interruptible():
            typer.run(bench)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except InfraError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Interrupted as interruption:
        print(f"Interrupted by {interruption.signal_name}.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
