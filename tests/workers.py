"""Several tests at once: `pytest -n 2` has two workers, each with a state directory, a broker and servers of its own.

Tests that share expensive servers stay together on one worker: those of one file, and those below one `conftest.py`.
What takes long begins first, so that the end does not wait for one long file alone. A plain `pytest` knows nothing of
this: it runs everything in its own process, in the usual order.

However a run ends, no process is left: a worker that is asked to stop ends what it has started, and what a worker that
was killed has left behind is ended by whoever started the workers.
"""

import os
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Final

import psutil
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from infra.local.own_directory import end_left_behind, own_directory
from infra.progress import Silence

STATE: Final = Path(".ems") / "tests"
LONGEST: Final = ("e2e", "simulation", "chaos", "integration")  # folders whose tests take long, the longest first
_TESTS: Final = Path(__file__).parent
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE: Final = 20.0  # seconds that an interrupted worker has to end what it has started


@pytest.fixture(scope="session")
def state_dir(pytestconfig: pytest.Config) -> Iterator[Path]:
    """A state directory of this process alone; what is started in it ends with the session."""
    with own_directory(pytestconfig.rootpath / STATE, Silence()) as directory:
        yield directory


def processors() -> int:
    """Return how many processors there are for each worker, at least one; all of them where there are no workers."""
    return max(1, (os.cpu_count() or 1) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


@cache
def together(file: Path) -> Path:
    """Return what a file of tests stays together with: the folder below `tests/` with a `conftest.py`, or itself."""
    folders = [folder for folder in file.parents if _TESTS in folder.parents and (folder / "conftest.py").exists()]
    return folders[-1] if folders else file


def turn(file: Path) -> int:
    """Return when a file of tests has its turn: low numbers begin first."""
    folder = file.relative_to(_TESTS).parts[0] if file.is_relative_to(_TESTS) else ""
    return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)


class Together(LoadScopeScheduling):
    """Gives whole files or folders to the workers, one after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return str(together(self.config.rootpath / nodeid.partition("::")[0]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Have the workers do everything in the order in which it was collected."""
    config.option.loadscopereorder = False
    return Together(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let what takes long begin first."""
    if _is_worker(config):
        items.sort(key=lambda item: turn(item.path))


def pytest_configure(config: pytest.Config) -> None:
    """Let SIGTERM and SIGHUP end the session as Ctrl-C does, so that no process is left."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt_once if _is_worker(config) else signal.default_int_handler)


def _interrupt_once(_number: int, _frame: FrameType | None) -> None:
    """Interrupt the tests; what comes after that must not interrupt the ending of what they have started."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Tell the workers, too, where somebody interrupts the run, and give them time."""
    distributed = session.config.pluginmanager.getplugin("dsession")
    if distributed is not None and exitstatus == pytest.ExitCode.INTERRUPTED:
        distributed.nodemanager.EXIT_TIMEOUT = _PATIENCE
        for worker in psutil.Process().children():
            worker.send_signal(signal.SIGTERM)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what a worker that was killed has left behind."""
    if not _is_worker(config):
        end_left_behind(config.rootpath / STATE, Silence())


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")
