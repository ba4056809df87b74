"""A proof: what a target itself said, beside what it should say."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Proof:
    """One statement about one target.

    Attributes:
        what: what should be.
        where: which target was read, and how.
        found: what was found instead; empty when it is as it should be.
    """

    what: str
    where: str
    found: str = ""

    @property
    def holds(self) -> bool:
        """Whether the target said what it should."""
        return not self.found

    def __str__(self) -> str:
        if self.holds:
            return f"✔ {self.what} – {self.where}"
        return f"✘ expected: {self.what}; found: {self.found} – {self.where}"
