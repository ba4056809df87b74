"""The ports of a state directory: free ones unless given, and remembered, so that a restart keeps its address.

They are taken from below the range that operating systems give to outgoing connections: a port from that range could
belong to a stranger by the time a stopped process comes back for it.
"""

import json
import random
import socket
from collections.abc import Collection, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import psutil
from filelock import FileLock

from infra.atomic import write_atomically
from infra.errors import Refused

_LOWEST: Final = 15_000
_HIGHEST: Final = 31_999
_HOST: Final = "127.0.0.1"
_CONNECT: Final = 1.0  # seconds
_CLOSING: Final = 2.0  # seconds that a process which was killed may take to close its sockets
_POLL: Final = 0.05


class Ports:
    """The port of each process, by name.

    Args:
        state_dir: where they are remembered.
        given: ports that somebody asked for; they replace remembered ones.
    """

    def __init__(self, state_dir: Path, given: Mapping[str, int] | None = None) -> None:
        self._file = state_dir / "ports.json"
        self._given = dict(given or {})

    def of(self, name: str) -> int:
        """Return the port of a process, choosing a free one the first time."""
        with FileLock(self._file.with_suffix(".lock")):  # two first commands at once choose the same
            remembered: dict[str, int] = json.loads(self._file.read_text("utf-8")) if self._file.exists() else {}
            port = self._given.get(name) or remembered.get(name) or free_port(taken=remembered.values())
            if remembered.get(name) != port:
                write_atomically(self._file, json.dumps({**remembered, name: port}, indent=2))
        return port


def require_free(port: int, name: str) -> None:
    """Make sure that nobody listens on a port.

    Raises:
        Refused: somebody does; the message names the process, where the operating system tells.
    """
    deadline = monotonic() + _CLOSING
    while not _is_free(port):
        if monotonic() < deadline:
            sleep(_POLL)
            continue
        raise Refused(
            f"Port {port}, which {name} needs, is taken{_by_whom(port)}. End that program, or give {name} another "
            f"port: ems up --port {name}=PORT"
        )


def listens(port: int) -> bool:
    """Return whether somebody accepts connections on a port of the loopback address."""
    with socket.socket() as attempt:
        attempt.settimeout(_CONNECT)
        return attempt.connect_ex((_HOST, port)) == 0


def free_port(taken: Collection[int] = ()) -> int:
    """Return a port that nobody uses now, and that is not among those `taken`."""
    candidates = random.SystemRandom().sample(range(_LOWEST, _HIGHEST), k=1000)
    return next(port for port in candidates if port not in taken and _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port of a connection just closed is free
        try:
            attempt.bind((_HOST, port))
        except OSError:
            return False
    return True


def _by_whom(port: int) -> str:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:  # not every system tells everybody
        return ""
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
            return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""
