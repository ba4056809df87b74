"""Fetch locked artifacts from a Maven repository, all or nothing.

Everything lands in a staging directory beside its place, is verified against the lock there, and is moved into place
as a whole: a broken download leaves nothing half there. A file lock lets one process fetch while others wait.
"""

import errno
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Final

from infra.errors import InfraError, Refused
from infra.local.lockfile import Locked, sha256_of
from infra.local.turn import turn
from infra.progress import Progress, waiting_for

REPOSITORY: Final = "EMS_MAVEN_REPOSITORY"  # the address of a mirror, for those who cannot reach the public one
_TIMEOUT: Final = 30  # seconds without a byte

Unpack = Callable[[Path], None]


class DownloadFailed(InfraError):  # noqa: N818 - reads better without the suffix
    """A download failed; nothing half-done was left behind. Check the network and run the same command again."""


def fetch(place: Path, what: str, artifacts: tuple[Locked, ...], progress: Progress, unpack: Unpack) -> None:
    """Make the directory `place` of the artifacts, unless another process has just done so.

    Args:
        place: a directory of the cache, named after exactly these artifacts.
        what: how they are called in messages.
        artifacts: what the lock names.
        progress: where MB of MB is shown.
        unpack: makes the content of the directory, in place, of the verified files in it.

    Raises:
        DownloadFailed: offline, cut off, or not what the lock names.
        Refused: the disk is full, or the cache cannot be written.
    """
    with _disk(place, artifacts):
        lock = place.with_name(f"{place.name}.lock")
        with turn(lock, f"another process that is downloading {what}", progress):
            if not place.is_dir():
                _fetch(place, what, artifacts, progress, unpack)


def _fetch(place: Path, what: str, artifacts: tuple[Locked, ...], progress: Progress, unpack: Unpack) -> None:
    for abandoned in place.parent.glob(f"{place.name}.part-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{place.name}.part-", dir=place.parent) as staging:
        content = Path(staging) / "content"
        content.mkdir()
        with progress.download(what, sum(artifact.size for artifact in artifacts)) as count:
            for artifact in artifacts:
                file = _download(artifact, Path(staging) / "repository", count)
                _verify(artifact, file)
                file.replace(content / artifact.filename)
        with waiting_for(f"{what} to be unpacked", progress):
            unpack(content)
        content.replace(place)


def _download(artifact: Locked, repository: Path, count: Callable[[int], None]) -> Path:
    # imported late: only the first run on a machine needs it, and it takes a third of a second
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415
    from requests import RequestException  # noqa: PLC0415

    def counted(_name: str, _size: int) -> AbstractContextManager[Callable[[int], None]]:
        return nullcontext(count)

    logging.getLogger("jgo").setLevel(logging.ERROR)  # the lock's sha256 decides, in one sentence
    mirror = os.environ.get(REPOSITORY)
    context = MavenContext(
        resolver=PythonResolver(progress_callback=counted),
        repo_cache=repository,
        remote_repos={"mirror": mirror.rstrip("/")} if mirror else None,
        timeout=_TIMEOUT,
    )
    component = context.project(artifact.group, artifact.name).at_version(artifact.version)
    try:
        return component.artifact(artifact.classifier, artifact.packaging).resolve()
    except (RequestException, RuntimeError) as error:
        raise DownloadFailed(
            f"{artifact.coordinates} could not be downloaded: {_reason(error)}. Nothing half-done was left behind. "
            f"Check the network (or name a Maven mirror in {REPOSITORY}) and run the same command again."
        ) from error


def _reason(error: Exception) -> str:
    from requests import RequestException, Timeout  # noqa: PLC0415 - see `_download`

    if isinstance(error, Timeout):
        return f"no answer for {_TIMEOUT} seconds"
    if isinstance(error, RequestException):
        return "the repository cannot be reached, or the connection broke"
    return "the repository does not have it"


def _verify(artifact: Locked, file: Path) -> None:
    found = sha256_of(file)
    if found != artifact.sha256:
        raise DownloadFailed(
            f"{artifact.coordinates} is not what the lock names: its sha256 is {found[:12]}…, "
            f"expected {artifact.sha256[:12]}…. It was thrown away. Run the same command again; if it happens twice, "
            "the repository or something between it and this machine changes files: do not use it."
        )


@contextmanager
def _disk(place: Path, artifacts: tuple[Locked, ...]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        needed = 3 * sum(artifact.size for artifact in artifacts) // 1_000_000
        cause = "the disk is full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else f"{error.strerror or error}"
        raise Refused(
            f"{place.parent} cannot be written: {cause}. Nothing half-done was left behind. Make room there "
            f"(about {needed} MB), or name another directory in EMS_CACHE_DIR, and run the same command again."
        ) from error
