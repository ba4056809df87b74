"""What can go wrong where the system runs; each message says what happened, what it means and what to do next."""

from typing import ClassVar


class InfraError(Exception):
    """Something where the system runs does not work."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class Refused(InfraError):  # noqa: N818 - reads better without the suffix
    """This cannot be done as things are."""


class WrongUsage(InfraError):  # noqa: N818 - reads better without the suffix
    """The command was called in a way that it does not understand."""

    exit_code: ClassVar[int] = 2


class Unreachable(InfraError):  # noqa: N818 - reads better without the suffix
    """Nothing is running here."""

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or "Nothing is running here. Start it with: make up")


class Interrupted(BaseException):
    """Someone asked this process to stop; not an `Exception`, so that nothing on the way swallows it.

    Attributes:
        signal_name: the signal that asked, such as `SIGTERM`.
    """

    def __init__(self, signal_name: str) -> None:
        super().__init__(signal_name)
        self.signal_name = signal_name
