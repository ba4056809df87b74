"""Keeps processes running: starts again what died, a moment later, and does to them what the monkey wants.

Every process is a child of this one, in a session of its own, and is signalled by its id alone. It is also written
down in `processes.json`, so that what a killed run leaves behind is found and ended by the next one.
"""

import random
import signal
import threading
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from infra.local.process import ProcessSpec, Stage
from infra.local.process_file import ProcessFile
from infra.progress import Silence
from tests.chaos.diary import Diary
from tests.chaos.ward import Ward

_TICK: Final = 0.05
_LONGEST_REST: Final = 1.5  # seconds until a dead process is started again
_PATIENCE: Final = 120.0  # seconds until a process must be ready
_STOPPED: Final = frozenset({0, -signal.SIGTERM, 128 + signal.SIGTERM})


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

    def want(self, spec: ProcessSpec) -> None:
        """Have a process run from now on."""
        if spec.prepare is not None:
            spec.prepare(Silence())
        with self._lock:
            ward = self._wards.setdefault(spec.name, Ward(spec))  # an earlier one may still be on its way out
            ward.wanted, ward.arming = True, None

    def await_ready(self, *names: str) -> None:
        """Wait until these do their work.

        Raises:
            TimeoutError: one does not get there.
        """
        deadline = monotonic() + _PATIENCE
        for name in names:
            while not self._wards[name].spec.ready():
                if self.failure is not None:
                    raise self.failure
                if monotonic() > deadline:
                    raise TimeoutError(f"{name} does not get ready; see {self._logs / name}.log")
                sleep(_TICK)

    def names(self) -> tuple[str, ...]:
        """Return what is wanted."""
        with self._lock:
            return tuple(name for name, ward in self._wards.items() if ward.wanted)

    def carries(self, name: str) -> bool:
        """Tell whether a process has a fail point before it, now or when it comes back."""
        with self._lock:
            ward = self._wards[name]
            return ward.armed is not None or ward.arming is not None

    def kill(self, name: str, arming: str | None = None) -> bool:
        """End a process by SIGKILL; it comes back, perhaps armed with a fail point. Return whether it ran."""
        with self._lock:
            ward = self._wards[name]
            if not ward.signal(signal.SIGKILL):
                return False
            ward.expected, ward.arming = "kill", arming
            self._diary.note("kill", name, "at random")
            return True

    def stop(self, name: str, *, returns: bool) -> None:
        """End a process by SIGTERM, for good or to be started again."""
        with self._lock:
            ward = self._wards[name]
            ward.wanted, ward.arming = returns, None
            if ward.signal(signal.SIGTERM):
                ward.expected = "stop"

    def pause(self, name: str) -> bool:
        """Stop a process in its tracks; return whether it ran."""
        with self._lock:
            ward = self._wards[name]
            ward.paused = ward.signal(signal.SIGSTOP)
            return ward.paused

    def resume(self, name: str) -> None:
        """Let a paused process go on as if nothing had been."""
        with self._lock:
            self._wards[name].paused = False
            self._wards[name].signal(signal.SIGCONT)

    def disarm(self) -> None:
        """Start whoever still carries a fail point again without one, so that nobody dies any more."""
        with self._lock:
            for name, ward in self._wards.items():
                ward.arming = None
                if ward.armed is not None and ward.child is not None:
                    self.stop(name, returns=ward.wanted)

    def settled(self) -> bool:
        """Tell whether everybody who is wanted runs, ready and not armed, and nobody else does."""
        with self._lock:
            wards = tuple(self._wards.values())
        return all(ward.settled for ward in wards)

    def end(self) -> None:
        """End everybody, services first, and stop looking after them."""
        self._stopping.set()
        self.join()
        wards = tuple(self._wards.values())
        for stage in sorted(Stage, reverse=True):
            of_stage = [one for one in wards if one.spec.stage == stage]
            for ward in of_stage:
                ward.signal(signal.SIGCONT)
                ward.signal(signal.SIGTERM)
            for ward in of_stage:
                ward.await_end()
        self._file.forget([ward.spec.name for ward in wards])

    def _work(self) -> None:
        while not self._stopping.wait(_TICK):
            with self._lock:
                for ward in tuple(self._wards.values()):
                    self._look_after(ward)

    def _look_after(self, ward: Ward) -> None:
        if ward.child is not None and (code := ward.child.poll()) is not None:
            self._note_end(ward, code)
            ward.bury(due=monotonic() + self._chance.uniform(0, _LONGEST_REST))
        if ward.child is None and ward.wanted and monotonic() >= ward.due:
            self._file.put(ward.start(self._logs / f"{ward.spec.name}.log"))

    def _note_end(self, ward: Ward, code: int) -> None:
        name, expected = ward.spec.name, ward.expected
        if expected is None and code == -signal.SIGKILL and ward.armed is not None:
            self._diary.note("kill", name, ward.armed.partition(":")[0])
        elif expected is None or (expected == "stop" and code not in _STOPPED):
            self._diary.note("ended by itself", name, f"exit code {code}", expected=expected)
