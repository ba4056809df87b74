"""What the four servers have in common: their arguments, their socket, their one line, their end."""

import asyncio
import os
import signal
import socket
import sys
from argparse import ArgumentParser
from typing import NoReturn


def arguments(name: str, purpose: str) -> ArgumentParser:
    """Return a parser that knows `--host` and `--port`; what is written from now on is for its owner alone."""
    os.umask(0o077)
    parser = ArgumentParser(prog=f"python -m infra.sandbox.{name}", description=purpose)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", required=True, type=int, help="port to listen on")
    return parser


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, or end the process with one sentence."""
    try:
        listening = socket.create_server((host, port), backlog=256)
    except (OSError, OverflowError) as error:
        refuse(host, port, error)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else an answer in two parts takes 40 ms
    return listening


def refuse(host: str, port: int, error: Exception) -> NoReturn:
    """End the process because it cannot listen."""
    reason = error.strerror if isinstance(error, OSError) else error
    sys.exit(f"Cannot listen on {host}:{port} ({reason}): give another port with --port, or end what uses this one.")


def announce(what: str, host: str, port: int) -> None:
    """Say that connections are accepted from now on."""
    print(f"{what} listens on {host}:{port}", flush=True)


def termination() -> asyncio.Event:
    """Return what is set by SIGTERM or SIGINT; to be called before the server is announced."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    return ended
