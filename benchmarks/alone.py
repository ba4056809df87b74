"""How long the targets take on their own: all three services call theirs at the same time and rate as in the system."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import time_ns
from typing import Final, NamedTuple
from uuid import uuid4

from benchmarks.company import Leaver
from benchmarks.targets import EFFECTS, Effect, Targets
from infra.endpoints import STATE_DIR
from infra.errors import InfraError

_SERVICES: Final[dict[Effect, str]] = {"mail": "notification", "interview": "hr", "access": "access"}
_PATIENCE: Final = 5.0  # seconds; the effects have happened before this is waited for
Process = subprocess.Popen[str]


class Reaction(NamedTuple):
    """A resignation that a target alone reacted to; all are nanoseconds since 1970.

    Attributes:
        came: when it was handed in.
        begun: when the handler began, once there was room.
        done: when the handler was through, with what it reads back.
        at: when the effect happened.
    """

    came: int
    begun: int
    done: int
    at: int

    @property
    def milliseconds(self) -> float:
        """How long it took until the effect."""
        return (self.at - self.came) / 1e6


def targets_alone(
    leavers: Sequence[Leaver], warm: int, rate: float, targets: Targets, state_dir: Path
) -> dict[Effect, list[Reaction]]:
    """Return the reactions that had their effect, without the first `warm` ones.

    Args:
        leavers: react to their resignations; everything is taken back afterwards.
        warm: how many of them only warm the processes up.
        rate: resignations a second.
        targets: where the effects are read.
        state_dir: of the stack.
    """
    cases = {str(uuid4()): leaver for leaver in leavers}
    timed = {case: leaver.employee_id for case, leaver in list(cases.items())[warm:]}
    fields = [{**leaver.fields, "case_id": case} for case, leaver in cases.items()]
    since = time_ns()
    with ExitStack() as running:
        processes = {effect: running.enter_context(_process(_SERVICES[effect], state_dir)) for effect in EFFECTS}
        for process in processes.values():
            _line(process)
        for process in processes.values():
            _tell(process, json.dumps({"rate": rate, "cases": fields}))
        reacted = {effect: json.loads(_line(process)) for effect, process in processes.items()}
        happened = targets.await_all(timed, since, _PATIENCE)
    return {
        effect: [
            Reaction._make((*reacted[effect][case], at))
            for case, who in timed.items()
            if (at := happened[effect].get(who))
        ]
        for effect in EFFECTS
    }


@contextmanager
def _process(service: str, state_dir: Path) -> Iterator[Process]:
    command = [sys.executable, "-m", "benchmarks.direct", service]
    environment = {**os.environ, STATE_DIR: str(state_dir)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:  # on leaving its input ends, it undoes what it did, and is waited for
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def _line(process: Process) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise InfraError("A process that calls a target directly ended too early; its error is printed above.")
    return line


def _tell(process: Process, line: str) -> None:
    if process.stdin:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
