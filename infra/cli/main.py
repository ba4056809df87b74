"""The console script `ems`: turns what went wrong into one sentence and an exit code, without a traceback.

Exit codes: 0 done · 1 refused or findings · 2 usage · 3 unreachable · 130 interrupted.
"""

import errno
import os
import sys
from contextlib import suppress
from typing import Final

from infra.cli.front import front_page
from infra.cli.shown import shown
from infra.errors import InfraError, Interrupted
from infra.interruption import interruptible, last_signal, stay_deaf

_INTERRUPTED: Final = 130
_USAGE: Final = 2
_FAILED: Final = 1
_LONGEST: Final = 2_000  # characters of a line that tells what went wrong


def main() -> None:
    """Run the command line and end the process."""
    os.umask(0o077)  # what is kept here are secrets, and mails and calendars of people
    sys.exit(_run())


def _run() -> int:
    with interruptible():
        try:
            return _app()
        except InfraError as error:
            return _say(str(error), error.exit_code)
        except Interrupted as interruption:
            return _stopped_by(interruption.signal_name)
        except OSError as error:
            signal_name = last_signal()  # of a terminal that is gone, whatever was written on the way out fails
            return _stopped_by(signal_name) if signal_name else _say(_of_the_system(error), _FAILED)


def _app() -> int:
    page = front_page(sys.argv[1:])
    if page is not None:
        print(page)
        return 0
    from infra.cli.app import app  # noqa: PLC0415 - here, an interruption is already understood

    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else _FAILED
    except Exception as error:  # noqa: BLE001 - raised again, unless it is a sentence of the kit
        return _told(error)
    return 0


def _told(error: Exception) -> int:
    """Say what the kit has said; raise anything else again."""
    kit = sys.modules.get("choreography.errors")  # what was never imported has raised nothing
    if kit is None or not isinstance(error, kit.ChoreographyError):
        raise error
    return _say(str(error), _USAGE if isinstance(error, kit.InvalidSettings) else _FAILED)


def _of_the_system(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk is full, so {error.filename or 'a file'} could not be written. Make room and try again."
    return f"The operating system refused: {error}. Mend that and run the same command again."


def _stopped_by(signal_name: str) -> int:
    stay_deaf()
    with suppress(OSError):
        _say(f"Interrupted by {signal_name}.", _INTERRUPTED)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):  # else what could not be written would be tried again, and change the code
        os.dup2(nowhere, stream.fileno())
    return _INTERRUPTED


def _say(sentence: str, code: int) -> int:
    print("\n".join(shown(line, _LONGEST) for line in sentence.split("\n")), file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    main()
