import json
import socket
import urllib.error
import urllib.request

import pytest

from choreography.health import Health, HealthServer


def ask(port: int, path: str) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_process_of_which_nothing_is_known_yet_is_alive_but_not_ready() -> None:
    with HealthServer(Health(), 0) as server:
        assert ask(server.port, "/healthz") == (200, {"alive": True})
        assert ask(server.port, "/readyz")[0] == 503


def test_ready_means_that_every_part_is_in_order() -> None:
    health = Health()
    health.set("registry", ok=True)
    health.set("consumer", ok=False, detail="Joining the consumer group.")
    with HealthServer(health, 0) as server:
        status, report = ask(server.port, "/readyz")
        health.set("consumer", ok=True)

        assert (status, report["ready"]) == (503, False)
        assert report["parts"] == {
            "consumer": {"ok": False, "detail": "Joining the consumer group."},
            "registry": {"ok": True, "detail": ""},
        }
        assert ask(server.port, "/readyz")[0] == 200


def test_a_part_that_falls_silent_is_not_ready_any_more() -> None:
    now = 0.0
    health = Health(monotonic=lambda: now, silence_seconds=60)
    health.set("consumer", ok=True)
    health.beat("consumer")

    now = 59.0
    before = health.ready
    now = 61.0

    assert (before, health.ready) == (True, False)
    health.beat("consumer")
    assert health.ready


def test_a_part_that_said_why_it_ended_is_not_called_silent() -> None:
    now = 0.0
    health = Health(monotonic=lambda: now, silence_seconds=60)
    health.beat("inbox")
    health.set("inbox", ok=False, detail="Its topic was made anew.")

    now = 61.0

    assert health.report()["parts"] == {"inbox": {"ok": False, "detail": "Its topic was made anew."}}


@pytest.mark.parametrize("said", [b"", b"GET /readyz HTTP/1.1\r\n"])
def test_who_asks_nothing_is_not_waited_for(said: bytes) -> None:
    with (
        HealthServer(Health(), 0, ask_seconds=0.1) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as line,
    ):
        line.sendall(said)

        assert line.recv(1) == b""


@pytest.mark.parametrize("path", ["/", "/metrics", "/readyz/"])
def test_an_unknown_path_names_the_known_ones(path: str) -> None:
    with HealthServer(Health(), 0) as server:
        assert ask(server.port, path) == (404, {"try": ["/healthz", "/readyz"]})
