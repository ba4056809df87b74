"""One process under supervision: how it is started, armed, signalled and ended, by its id alone."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from infra.local.ports import require_free
from infra.local.process import ProcessSpec, Running

FAIL_AT: Final = "CHOREOGRAPHY_FAIL_AT"
PATIENCE: Final = 40.0  # seconds between SIGTERM and SIGKILL


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

    @property
    def settled(self) -> bool:
        """Whether it runs, ready and not armed, if it is wanted; and else does not."""
        if not self.wanted:
            return self.child is None
        return self.child is not None and self.armed is None and not self.paused and self.spec.ready()

    def start(self, log: Path) -> Running:
        """Start it in a session of its own, and return what is to be written down about it."""
        spec = self.spec
        for name, port in spec.ports.items():
            require_free(port, name)
        self.armed, self.arming = self.arming, None
        armed = {FAIL_AT: self.armed} if self.armed else {}
        with log.open("ab") as stream:
            self.child = subprocess.Popen(
                spec.argv,
                cwd=spec.home,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**_foreign_environment(), "PYTHONUNBUFFERED": "1", **spec.environment, **armed},
            )
        started = psutil.Process(self.child.pid).create_time()
        return Running(spec.name, self.child.pid, started, spec.stage, spec.port, log, settled=True)

    def bury(self, due: float) -> None:
        """Forget the child, which has ended; another one may be started then."""
        self.child, self.expected, self.armed, self.paused, self.due = None, None, None, False, due

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal; return whether there was somebody to get it."""
        if self.child is None or self.child.poll() is not None:
            return False
        os.killpg(self.child.pid, number)  # our own child, not collected yet: the id is still its own
        return True

    def await_end(self) -> None:
        """Wait until it has ended; after a while end it by SIGKILL."""
        if self.child is None:
            return
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.child.wait()


def _foreign_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("EMS_", FAIL_AT))}
