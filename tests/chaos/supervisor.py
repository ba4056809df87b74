"""Keeps processes running: starts again what died, a moment later, and does to them what the monkey wants.

Every process is a child of this one, in a session of its own, and is signalled by its id alone. It is also written
down in `processes.json`, so that what a killed run leaves behind is found and ended by the next one.
"""

import os
import random
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import psutil

from infra.local.ports import require_free
from infra.local.process import ProcessSpec, Running
from infra.local.process_file import ProcessFile
from infra.progress import Silence
from tests.chaos.diary import Diary

FAIL_AT: Final = "CHOREOGRAPHY_FAIL_AT"
_TICK: Final = 0.05
_LONGEST_REST: Final = 1.5  # seconds until a dead process is started again
_PATIENCE: Final = 40.0


@dataclass
class Ward:
    """A process under supervision.

    Attributes:
        child: the process itself; `None` while there is none.
        wanted: whether it is to be started again when it has ended.
        due: when it may be started, on the monotonic clock.
        armed: the fail point at which the running child kills itself.
        arming: the same for the next child.
        expected: why its end would be no surprise.
    """

    spec: ProcessSpec
    child: subprocess.Popen[bytes] | None = None
    wanted: bool = True
    due: float = 0.0
    armed: str | None = None
    arming: str | None = None
    expected: str | None = None
    paused: bool = False


class Supervisor(threading.Thread):
    """Runs the processes of one state directory.

    Args:
        state_dir: where they are written down, and their logs are kept.
        diary: is told what ended, and how.
        chance: for how long a dead process rests.
    """

    def __init__(self, state_dir: Path, diary: Diary, chance: random.Random) -> None:
        super().__init__(name="supervisor", daemon=True)
        self._logs = state_dir / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._file = ProcessFile(state_dir)
        self._diary = diary
        self._chance = chance
        self._wards: dict[str, Ward] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Look after everybody until stopped; the thread's own entry."""
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - told to whoever looks
            self.failure = error

    def _work(self) -> None:
        while not self._stopping.wait(_TICK):
            with self._lock:
                for ward in tuple(self._wards.values()):
                    self._look_after(ward)

    def want(self, spec: ProcessSpec, arming: str | None = None) -> None:
        """Have a process run from now on."""
        if spec.prepare is not None:
            spec.prepare(Silence())
        with self._lock:
            ward = self._wards.setdefault(spec.name, Ward(spec))  # an earlier one may still be on its way out
            ward.wanted, ward.arming = True, arming

    def await_ready(self, *names: str) -> None:
        """Wait until these do their work."""
        deadline = monotonic() + 3 * _PATIENCE
        for name in names:
            while not self._wards[name].spec.ready():
                if monotonic() > deadline:
                    raise TimeoutError(f"{name} does not get ready; see {self._logs / name}.log")
                sleep(_TICK)

    def names(self) -> tuple[str, ...]:
        """Return what is wanted."""
        with self._lock:
            return tuple(name for name, ward in self._wards.items() if ward.wanted)

    def pids(self) -> dict[str, int]:
        """Return the ids of what runs."""
        with self._lock:
            return {name: ward.child.pid for name, ward in self._wards.items() if ward.child is not None}

    def kill(self, name: str, arming: str | None = None) -> bool:
        """End a process by SIGKILL; it comes back, perhaps armed with a fail point. Return whether it ran."""
        with self._lock:
            ward = self._wards[name]
            if not self._signal(ward, signal.SIGKILL):
                return False
            ward.expected, ward.arming = "kill", arming
            self._diary.note("kill", name, "at random")
            return True

    def stop(self, name: str, *, returns: bool) -> None:
        """End a process by SIGTERM, for good or to be started again."""
        with self._lock:
            ward = self._wards[name]
            ward.expected, ward.wanted, ward.arming = "stop", returns, None
            self._signal(ward, signal.SIGTERM)

    def pause(self, name: str) -> bool:
        """Stop a process in its tracks; return whether it ran."""
        with self._lock:
            ward = self._wards[name]
            ward.paused = self._signal(ward, signal.SIGSTOP)
            return ward.paused

    def resume(self, name: str) -> None:
        """Let a paused process go on as if nothing had been."""
        with self._lock:
            ward = self._wards[name]
            ward.paused = False
            self._signal(ward, signal.SIGCONT)

    def disarm(self) -> None:
        """Start whoever still carries a fail point again without one, so that nobody dies any more."""
        with self._lock:
            for name, ward in self._wards.items():
                ward.arming = None
                if ward.armed is not None and ward.child is not None:
                    self.stop(name, returns=True)

    def settled(self) -> bool:
        """Tell whether everybody who is wanted runs, ready and not armed, and nobody else does."""
        with self._lock:
            wards = tuple(self._wards.values())
        return all(
            (one.child is not None and one.armed is None and not one.paused and one.spec.ready())
            if one.wanted
            else one.child is None
            for one in wards
        )

    def end(self) -> None:
        """End everybody, services first, and stop looking after them."""
        self._stopping.set()
        self.join()
        wards = sorted(self._wards.values(), key=lambda one: one.spec.stage, reverse=True)
        for ward in wards:
            self._signal(ward, signal.SIGCONT)
            self._signal(ward, signal.SIGTERM)
            if ward.child is not None:
                _end(ward.child)
        self._file.forget([ward.spec.name for ward in wards])

    def _look_after(self, ward: Ward) -> None:
        if ward.child is not None and (code := ward.child.poll()) is not None:
            self._bury(ward, code)
        if ward.child is None and ward.wanted and monotonic() >= ward.due:
            self._start(ward)

    def _bury(self, ward: Ward, code: int) -> None:
        name = ward.spec.name
        if ward.expected is None and code == -signal.SIGKILL and ward.armed is not None:
            self._diary.note("kill", name, ward.armed.partition(":")[0])
        elif ward.expected is None or (ward.expected == "stop" and code not in {0, -signal.SIGTERM, 143}):
            self._diary.note("ended by itself", name, f"exit code {code}", expected=ward.expected)
        ward.child, ward.expected, ward.armed, ward.paused = None, None, None, False
        ward.due = monotonic() + self._chance.uniform(0, _LONGEST_REST)

    def _start(self, ward: Ward) -> None:
        spec = ward.spec
        for port_name, port in spec.ports.items():
            require_free(port, port_name)
        ward.armed, ward.arming = ward.arming, None
        armed = {FAIL_AT: ward.armed} if ward.armed else {}
        with (self._logs / f"{spec.name}.log").open("ab") as log:
            ward.child = subprocess.Popen(
                spec.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**_foreign_environment(), "PYTHONUNBUFFERED": "1", **spec.environment, **armed},
            )
        started = psutil.Process(ward.child.pid).create_time()
        log_file = self._logs / f"{spec.name}.log"
        self._file.put(Running(spec.name, ward.child.pid, started, spec.stage, spec.port, log_file, settled=True))

    def _signal(self, ward: Ward, number: signal.Signals) -> bool:
        if ward.child is None or ward.child.poll() is not None:
            return False
        os.killpg(ward.child.pid, number)  # our own child, not collected yet: the id is still its own
        return True


def _end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _foreign_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("EMS_", FAIL_AT))}
