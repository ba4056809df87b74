"""A service as a process: `run(service, open_ports, Settings)` is all that its `__main__.py` says.

It starts in an order in which nothing can be lost: settings, database, schema ids, producer, ports, and only then the
consumer. SIGTERM, SIGINT and SIGHUP end it in the opposite order: what is in flight comes to its end, positions are
stored, the group is left, what waits in the outbox is published.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

import structlog
import uvloop

from choreography.declare.reaction import P
from choreography.declare.service import Service
from choreography.errors import ChoreographyError, InvalidSettings, Stopped
from choreography.logs import configure_logs
from choreography.process.serving import serve
from choreography.settings import ServiceSettings, load

log = structlog.stdlib.get_logger(__name__)
S = TypeVar("S", bound=ServiceSettings)

T = TypeVar("T")


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of its own until it ends; return its result."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
OK, FAILED, USAGE = 0, 1, 2


def run(service: Service[P], open_ports: Callable[[S], AbstractAsyncContextManager[P]], settings: type[S]) -> None:
    """Run a service until it is told to stop; ends the process.

    Exit codes: 0 stopped as asked, 1 it cannot go on, 2 the settings cannot work.

    Args:
        service: the declaration.
        open_ports: opens what the handlers need, from the settings.
        settings: the settings model; read from the environment and the state directory's file `env`.
    """
    sys.exit(run_process(settings, service.group, lambda loaded, stop: serve(service, open_ports, loaded, stop)))


def run_process(settings: type[S], name: str, main: Callable[[S, asyncio.Event], Any]) -> int:
    """Run `main(settings, stop)` until it returns, and return the exit code.

    Args:
        settings: the settings model.
        name: the process, for its logs.
        main: the work; `stop` is set by SIGTERM, SIGINT and SIGHUP.
    """
    os.umask(0o077)  # databases and logs are about people
    try:
        loaded = load(settings)
    except InvalidSettings as error:
        print(f"{name}: {error}", file=sys.stderr)  # noqa: T201 - before there are logs
        return USAGE
    configure_logs(loaded, name=name)
    try:
        run_loop(_until_told(lambda stop: main(loaded, stop)))
    except InvalidSettings as error:
        log.error("process.refused", reasons=error.reasons)  # noqa: TRY400 - the reasons say it all
        return USAGE
    except Stopped:
        log.info("process.stopped", before="it had begun")
        return OK
    except ChoreographyError as error:
        log.error("process.failed", reason=str(error))  # noqa: TRY400 - the message says it all
        return FAILED
    except Exception:
        log.exception("process.failed")
        return FAILED
    log.info("process.stopped")
    return OK


async def _until_told(main: Callable[[asyncio.Event], Any]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)
    await main(stop)
