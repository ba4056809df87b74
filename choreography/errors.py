"""What can go wrong, and the outcomes that a handler may raise instead of returning its fact.

`NothingToDo`, `Hold` and `Retry` promise that the target was not touched. `Unavailable` promises it only with
`untouched=True`; every other exception promises nothing, and the next attempt sees `effect.repeated`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta


class ChoreographyError(Exception):
    """Something in the choreography went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class Outcome(ChoreographyError):  # noqa: N818 - the base of outcomes, most of which are no errors
    """A handler ended without stating its fact."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NothingToDo(Outcome):
    """The event needs no reaction; states `ReactionSkipped` with the reason. The target was not touched."""


class Retry(Outcome):
    """Try again later, in the same lane. The target was not touched.

    Attributes:
        after: how long to wait at least; `None` lets the runtime choose a growing delay.
    """

    def __init__(self, reason: str, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Reject(Outcome):
    """This event can never be handled: hold it and write a dead letter at once."""


class Hold(Outcome):
    """A person must decide first; the record is kept until it is released. The target was not touched."""


class Unavailable(Outcome):
    """A target is down: wait for it, never write a dead letter.

    Attributes:
        port: the name of the port in `Ports` that is down; `None` means the reaction's own target.
        untouched: whether it is certain that the target was not touched (the connection was refused).
        after: how long to wait at least, where the target says so; `None` lets the runtime choose a growing delay.
    """

    def __init__(self, port: str | None = None, untouched: bool = False, after: timedelta | None = None) -> None:
        super().__init__(f"{port or 'the target'} is unavailable")
        self.port = port
        self.untouched = untouched
        self.after = after


class ClaimLost(ChoreographyError):  # noqa: N818 - a signal to stop, not an error of this member
    """The partition belongs to another member now; this one stops without an outcome."""


class NoAnswer(ChoreographyError):  # noqa: N818 - reads better without the suffix
    """The broker did not answer in time."""


class DatabaseClosed(ChoreographyError):  # noqa: N818 - reads better without the suffix
    """The database was closed; this process is ending."""


class Stopped(ChoreographyError):  # noqa: N818 - a signal, not an error
    """The process was told to stop before it had begun."""


class InvalidDeclaration(ChoreographyError):  # noqa: N818 - reads better without the suffix
    """A service, topic or event is declared in a way that cannot work."""


class InvalidSettings(ChoreographyError):  # noqa: N818 - reads better without the suffix
    """The configuration cannot work.

    Attributes:
        reasons: every reason found, each with its remedy.
    """

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("The configuration cannot work:\n" + "\n".join(f"  - {reason}" for reason in reasons))
        self.reasons = reasons


@contextmanager
def noting(reasons: list[str]) -> Iterator[None]:
    """Note why a configuration cannot work, and go on, so that it is refused with every reason at once."""
    try:
        yield
    except InvalidSettings as error:
        reasons.extend(error.reasons)


class Poison(ChoreographyError):  # noqa: N818 - the field's term
    """A record that can never be read.

    Attributes:
        stage: where reading failed: `frame`, `schema`, `avro`, `model` or `tombstone`.
    """

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage


class RegistryUnavailable(ChoreographyError):  # noqa: N818 - parallel to Unavailable
    """The schema registry cannot be asked now; the record is not at fault."""


class InvalidFact(ChoreographyError):  # noqa: N818 - reads better without the suffix
    """A handler returned something that its reaction does not publish, or set a field that the runtime stamps."""
