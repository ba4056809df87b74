"""Ask a process of the stack over HTTP whether it is ready."""

from http.client import HTTPConnection, HTTPException
from typing import Final

_LOOK: Final = 2.0  # seconds


def status_of(port: int, path: str) -> int:
    """Return the status with which a port of the loopback address answers a GET, 0 when it does not."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_LOOK)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()
