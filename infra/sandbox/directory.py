"""The sandbox's directory: SCIM 2.0 by scim2-server, on a journal that survives kill -9.

EMS_SANDBOX_TOKEN=T python -m infra.sandbox.directory --port 8880 --storage .ems/directory.jsonl
"""

import hmac
import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn
from scim2_models import ScimProvider, UnauthorizedException
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage
from scim2_server.requests import ScimRequest
from scim2_server.service import ScimService
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME
from scim2_server.utils import load_default_provider

from infra.sandbox import TOKEN
from infra.sandbox.journal import JournaledStorage
from infra.sandbox.serving import announce, arguments, listen

_KEEP_ALIVE_SECONDS = 75  # longer than clients keep a connection, so that none is closed as it is used


class Directory(ASGIApplication):
    """SCIM for whoever shows the one token."""

    def __init__(self, storage: AsyncInMemoryStorage, provider: ScimProvider, token: str) -> None:
        super().__init__(storage, provider)
        self._token = token

    def check_auth(self, request: ScimRequest) -> None:
        """Refuse a request without the token."""
        scheme, _, token = (request.header("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), self._token.encode()):
            raise UnauthorizedException


class AnnouncedServer(uvicorn.Server):
    """Says that it listens once it handles signals and connections."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        announce("SCIM", self.config.host, self.config.port)


def open_directory(token: str, journal: Path) -> Directory:
    """Return the directory with what its journal holds."""
    provider = load_default_provider()
    if provider.config is not None:
        provider.config.authentication_schemes = [BEARER_TOKEN_SCHEME]
    service = ScimService(provider)
    models = {kind.name or "": service.get_model(kind) for kind in provider.resource_types}
    return Directory(AsyncInMemoryStorage(JournaledStorage(journal, models)), provider, token)


def main() -> None:
    """Run the server as the command line says."""
    parser = arguments("directory", "A SCIM directory whose data survives kill -9.")
    parser.add_argument("--storage", required=True, type=Path, help="journal of the directory; created when missing")
    given = parser.parse_args()
    token = os.environ.get(TOKEN)
    if not token:
        sys.exit(f"Set {TOKEN} to the token that clients must show; an argument could be read by everybody.")
    listening = listen(given.host, given.port)
    application = open_directory(token, given.storage)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # uvicorn raises the signal again when it is done
    settings = uvicorn.Config(
        application,
        host=given.host,
        port=given.port,
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=3,
    )
    AnnouncedServer(settings).run(sockets=[listening])


if __name__ == "__main__":
    main()
