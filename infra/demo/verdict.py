"""How the story ended."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from infra.demo.proof import Proof
from infra.demo.screen import Screen


def pronounce(screen: Screen, proofs: Sequence[Proof], problem: str, logs: Path, kept: Path) -> bool:
    """Say whether everything held, and if not, keep the logs and say where; return whether it did.

    Args:
        screen: where it is said.
        proofs: all that were tried.
        problem: why the story ended early; empty when it came to its end.
        logs: where the processes log.
        kept: where the logs are kept.
    """
    held = sum(proof.holds for proof in proofs)
    if held == len(proofs) and not problem:
        screen.say(f"All {held} proofs hold, each read back from its target by the target's protocol.", "bold green")
        return True
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(logs, kept)
    for line in problem.splitlines():
        screen.verbatim(f"✘ {line}", "bold red")
    screen.say(f"{held} of {len(proofs)} proofs hold; the story {'stopped early' if problem else 'is over'}.", "red")
    screen.verbatim(f"Why, the logs may say; they are kept in {kept}")
    return False
