"""Wait for somebody at a terminal."""

import os
import sys
import termios
from contextlib import suppress


def until_enter() -> None:
    """Return when Enter is pressed, or when nobody can press it any more."""
    with suppress(OSError, ValueError):  # the terminal, or the whole standard input, is gone
        _forget_typed_ahead()
        sys.stdin.readline()


def _forget_typed_ahead() -> None:
    """Let an Enter that was pressed during the story not end what comes after it."""
    with suppress(termios.error):
        number = sys.stdin.fileno()
        if os.isatty(number) and os.tcgetpgrp(number) == os.getpgrp():
            termios.tcflush(number, termios.TCIFLUSH)
