"""Serve Xandikos on a free port: `python -m tests.integration.hr.xandikos_server --storage FOLDER`; says its address.

It keeps its calendars in git, on asyncio, and so shares nothing with the sandbox's server but the protocol.
"""

import argparse
import asyncio
import logging
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from xandikos.web import SingleUserFilesystemBackend, XandikosApp


async def serve(storage: Path) -> None:
    """Serve until the process is told to end."""
    backend: Any = SingleUserFilesystemBackend(str(storage))
    backend._mark_as_principal("/user/")
    backend.create_principal("/user/", create_defaults=False)
    xandikos: Any = XandikosApp(backend, current_user_principal="/user/")

    async def handle(request: web.Request) -> web.StreamResponse:
        answer: web.StreamResponse = await xandikos.aiohttp_handler(request, "/")
        return answer

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path_info:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    sys.stdout.write(f"listens on http://127.0.0.1:{listener.getsockname()[1]}/\n")
    sys.stdout.flush()
    await ended.wait()
    await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--storage", required=True, type=Path)
    logging.disable(logging.CRITICAL)
    asyncio.run(serve(parser.parse_args().storage))
