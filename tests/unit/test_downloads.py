"""Downloads: verified, all or nothing, shared by processes, and clear about what went wrong."""

import errno
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.errors import Interrupted, Refused
from infra.local.download import DownloadFailed, fetch
from infra.local.lockfile import Locked, read_lock, write_lock
from infra.progress import PlainLines, Silence

CONTENT = b"a jar" * 1000


class Mirror:
    """A Maven repository with one artifact, as rude as it is told to be."""

    def __init__(self) -> None:
        self.content = CONTENT
        self.cut_after: int | None = None
        self.requests = 0
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not self.path.endswith("/org/example/tool/1.0/tool-1.0.jar"):
                    self.send_error(404)
                    return
                mirror.requests += 1
                self.send_response(200)
                self.send_header("Content-Length", str(len(mirror.content)))
                self.end_headers()
                self.wfile.write(mirror.content[: mirror.cut_after])

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/maven"


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    mirror = Mirror()
    monkeypatch.setenv("EMS_MAVEN_REPOSITORY", mirror.url)
    thread = threading.Thread(target=mirror.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield mirror
    mirror.server.shutdown()
    thread.join()
    mirror.server.server_close()


def tool(version: str = "1.0") -> Locked:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return Locked("org.example", "tool", version, "jar", "", sha256=digest, size=len(CONTENT))


def keep(content: Path) -> None:
    """Leave the files as they are."""


def test_what_was_downloaded_is_verified_and_stands_complete(mirror: Mirror, tmp_path: Path) -> None:
    fetch(tmp_path / "tool", "The tool", (tool(),), Silence(), keep)

    assert (tmp_path / "tool" / "tool-1.0.jar").read_bytes() == CONTENT


def test_a_damaged_file_is_never_used(mirror: Mirror, tmp_path: Path) -> None:
    mirror.content = CONTENT.replace(b"jar", b"JAR", 1)

    with pytest.raises(DownloadFailed, match=r"tool:1.0 is not what the lock names.*thrown away"):
        fetch(tmp_path / "tool", "The tool", (tool(),), Silence(), keep)

    assert _left(tmp_path) == []


def test_a_connection_that_breaks_leaves_nothing_half_there(mirror: Mirror, tmp_path: Path) -> None:
    mirror.cut_after = 100

    with pytest.raises(DownloadFailed, match=r"the connection broke.*Check the network.*run the same command again"):
        fetch(tmp_path / "tool", "The tool", (tool(),), Silence(), keep)

    assert _left(tmp_path) == []


def test_without_a_network_one_sentence_says_what_to_do(mirror: Mirror, tmp_path: Path) -> None:
    mirror.server.server_close()

    with pytest.raises(DownloadFailed, match=r"cannot be reached.*EMS_MAVEN_REPOSITORY"):
        fetch(tmp_path / "tool", "The tool", (tool(),), Silence(), keep)

    assert _left(tmp_path) == []


def test_an_artifact_that_the_repository_does_not_have_is_named(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match=r"org.example:tool:9.9 could not be downloaded: the repository does not"):
        fetch(tmp_path / "tool", "The tool", (tool("9.9"),), Silence(), keep)


def test_a_full_disk_is_said_in_one_sentence(mirror: Mirror, tmp_path: Path) -> None:
    def unpack(content: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(Refused, match=r"the disk is full.*Make room there.*EMS_CACHE_DIR"):
        fetch(tmp_path / "tool", "The tool", (tool(),), Silence(), unpack)

    assert _left(tmp_path) == []


def test_an_interrupted_download_leaves_nothing_half_there(mirror: Mirror, tmp_path: Path) -> None:
    def unpack(content: Path) -> None:
        raise Interrupted("SIGTERM")

    with pytest.raises(Interrupted):
        fetch(tmp_path / "tool", "The tool", (tool(),), Silence(), unpack)

    assert _left(tmp_path) == []


def test_what_a_killed_download_left_is_removed_by_the_next_one(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "tool.part-killed").mkdir()

    fetch(tmp_path / "tool", "The tool", (tool(),), Silence(), keep)

    assert _left(tmp_path) == ["tool"]


def test_two_processes_that_need_it_at_once_download_it_once(mirror: Mirror, tmp_path: Path) -> None:
    both = [
        threading.Thread(target=fetch, args=(tmp_path / "tool", "The tool", (tool(),), Silence(), keep))
        for _ in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert _left(tmp_path) == ["tool"]
    assert mirror.requests == 1


def test_a_piped_download_says_megabytes_of_megabytes(capsys: pytest.CaptureFixture[str]) -> None:
    import sys  # noqa: PLC0415 - the captured stream

    with PlainLines(sys.stdout).download("Apache Kafka", 46_000_000) as count:
        for _ in range(46):
            count(1_000_000)

    assert capsys.readouterr().out.splitlines() == [
        "Apache Kafka: downloading 46 MB",
        "Apache Kafka: 20 of 46 MB",
        "Apache Kafka: 40 of 46 MB",
        "Apache Kafka: 46 of 46 MB",
    ]


def test_a_lock_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_lock(tmp_path / "lock.toml", [tool()])

    assert read_lock(tmp_path / "lock.toml") == (tool(),)


def _left(cache: Path) -> list[str]:
    return sorted(entry.name for entry in cache.iterdir() if entry.suffix != ".lock")
