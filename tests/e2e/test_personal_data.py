"""Names, addresses and all else that is personal stay in the company's own systems: no copy of them is kept anywhere.

Canaries are planted in the directory, and in whatever strangers send. Then every byte of every topic, file and answer
is searched for them; what finds them is tested in `tests/unit/test_canaries.py`. Logs are at their most talkative.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json import dumps, loads
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx2
import pytest
from standardwebhooks import Webhook

from choreography.wire.record import Record
from infra.admin import admin_client
from infra.local.download import DownloadFailed
from infra.local.http import status_of
from infra.local.stack import Stack
from infra.progress import progress_on
from tests.canaries import Canaries
from tests.e2e.console import ems
from tests.e2e.planted import LEAVERS, Planted
from tests.e2e.progress import GROUPS
from tests.e2e.topics import Topics
from tests.e2e.waiting import eventually
from tests.e2e.world import EXITS, FACTS, LEFT, REACTIONS, RESIGNED, SERVICES, STAYED, Case, World

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

SENT: Final = "Wilhelminaburgenland"  # what a stranger writes where nobody asked for it
PUBLISHED: Final = "Ottokarperegrinus"  # what a stranger publishes
DIRECTORY: Final = ("scim", "caldav", "smtp", "imap")
NOT_READY: Final = 503
TOLD_HR: Final = ("NotificationWithheld", *RESIGNED[1:])


@dataclass
class Run:
    """A full run: who is in it, and every answer that anybody got.

    Attributes:
        answers: headers and body of each, by what was asked.
    """

    world: World
    planted: Planted
    cases: dict[str, Case] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.world.stack.state_dir

    @property
    def company(self) -> tuple[Path, ...]:
        """What belongs to the company: its mailbox, calendars and directory, and what their servers log."""
        return (self.home / "sandbox", *(self.home / "logs" / f"{name}.log" for name in DIRECTORY))

    def ask(self, what: str, method: str, url: str, **more: Any) -> int:
        with httpx2.Client(timeout=10, trust_env=False) as client:
            answer = client.request(method, url, **more)
        self.answers[what] = repr(answer.headers.multi_items()).encode() + answer.content
        return answer.status_code


@pytest.fixture(scope="module")
def world(state_dir: Path) -> Iterator[World]:
    """A system of its own, whose services log all that they ever would."""
    stack = Stack(state_dir / "personal", given={"EMS_LOG_LEVEL": "debug"})
    try:
        stack.up(progress_on())
    except DownloadFailed as reason:
        pytest.skip(str(reason))
    one = World(stack)
    yield one
    one.close()
    stack.down()


@pytest.fixture(scope="module")
def run(world: World) -> Run:
    one = Run(world, Planted.by(world.hiring))
    for role in LEAVERS[:-1]:
        special = {"confidentiality": "RESTRICTED"} if role == "restricted" else {}
        partner = one.planted.people["partner"].employee_id
        one.cases[role] = world.resign(one.planted.people[role].employee_id, hr_partner_id=partner, **special)
    for role, case in one.cases.items():
        world.await_facts(case, TOLD_HR if role == "restricted" else RESIGNED)
    world.decide(one.cases["stays"], "RETAINED")
    world.decide(one.cases["leaves"], "CONFIRMED")
    world.intake.withdraw(one.cases["withdraws"].id, requested_by="EMPLOYEE")
    _while_the_company_is_away(one)
    for role, facts in {"stays": STAYED, "leaves": LEFT, "withdraws": STAYED, "delayed": RESIGNED}.items():
        world.await_facts(one.cases[role], facts)
    _by_strangers(one)
    _by_operators(one)
    world.progress.await_finished()
    return one


def _while_the_company_is_away(run: Run) -> None:
    """Let somebody resign while directory, calendar and mail server do not answer."""
    world, health = run.world, run.world.stack.endpoints.health
    for server in DIRECTORY:
        world.stack.kill(server)
    person = run.planted.people["delayed"].employee_id
    run.cases["delayed"] = world.resign(person, hr_partner_id=run.planted.people["partner"].employee_id)
    for service in SERVICES:
        _await_not_ready(service, health[service])
        run.ask(f"{service} without the company", "GET", f"http://127.0.0.1:{health[service]}/readyz")
    world.stack.start_missing()


def _await_not_ready(service: str, port: int) -> None:
    eventually(lambda: status_of(port, "/readyz") == NOT_READY, f"{service} to notice", lambda: "that it is ready")


def _by_strangers(run: Run) -> None:
    """Send what is refused, each with a canary in it, and publish what cannot be read."""
    where = run.world.stack.endpoints
    resignations = f"{where.intake}/v1/resignations"
    bodies = {
        "a value": dumps({"employee_id": run.planted.people["stays"].employee_id, "risk": SENT}),
        "a value that is not readable": dumps({"employee_id": f"{SENT}\r\n"}),
        "a name of a field": dumps({"employee_id": "E7099", SENT: "x", "nested": {SENT: [SENT]}}),
        "no JSON": f"{{{SENT}",
        "too much": dumps({"employee_id": SENT * 2_000}),
    }
    for what, body in bodies.items():
        assert run.ask(what, "POST", resignations, content=body, headers=_signed(where.webhook_secret, body)) >= 400
    body = dumps({"employee_id": run.planted.people["stays"].employee_id})
    again = _signed(where.webhook_secret, body) | {"user-agent": SENT, "x-employee": SENT, "cookie": f"name={SENT}"}
    unsigned = again | {"webhook-id": SENT, "webhook-signature": f"v1,{SENT}"}
    assert run.ask("headers", "PUT", resignations, content=body, headers=again) == 405
    assert run.ask("a signature", "POST", resignations, content=SENT, headers=unsigned) == 401
    assert run.ask("a case", "GET", f"{where.intake}/v1/cases/{SENT}", headers=_signed(where.webhook_secret, "")) == 404
    assert run.ask("an address", "GET", f"{where.intake}/{SENT}?{SENT}={SENT}") == 404
    key = f"poison-of-{run.planted.people['stays'].employee_id}".encode()
    run.world.topics.publish(EXITS, key, PUBLISHED.encode(), (("who", PUBLISHED.encode()),))


def _signed(secret: str, body: str) -> dict[str, str]:
    webhook_id, now = str(uuid4()), datetime.now(UTC)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, now, body),
    }


def _by_operators(run: Run) -> None:
    """Ask for everything that there is to see: pages of health and metrics, and what waits for a person."""
    for name, port in run.world.stack.endpoints.health.items():
        for page in ("/healthz", "/readyz", "/metrics", "/"):
            run.ask(f"{name}{page}", "GET", f"http://127.0.0.1:{port}{page}")
    for group in GROUPS:
        _await_poisoned(run, group)
        for command in (("held", "list"), ("ledger", "show")):
            run.answers[f"{command} of {group}"] = _ems(run, *command, "--group", group, "--output", "json")
        for held in loads(run.answers[f"{('held', 'list')} of {group}"])["held"]:
            run.answers[f"{held} in full"] = _ems(run, "held", "show", held["effect_key"], "--group", group)


def _await_poisoned(run: Run, group: str) -> None:
    def says() -> bytes:
        return _ems(run, "held", "list", "--group", group)

    eventually(lambda: b"FAILED" in says(), f"{group} to hold what nobody can read", says)


def _ems(run: Run, *arguments: str) -> bytes:
    done = ems(run.world, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.encode()


def _every_record(run: Run) -> Iterator[tuple[str, bytes]]:
    """Yield where each record of each topic stands, with all its bytes, and what a reader decodes of them."""
    where = run.world.stack.endpoints
    names = [name for name in admin_client(where.kafka).list_topics(timeout=10).topics if not name.startswith("__")]
    topics = Topics(where.kafka, where.registry, names)
    try:
        for record in topics.read():
            headers = [part for name, value in record.headers for part in (name.encode(), value or b"")]
            parts = [record.key or b"", record.value or b"", *headers, _decoded(topics, record)]
            yield f"{record.topic}:{record.partition}:{record.offset}", b"\0".join(parts)
    finally:
        topics.close()


def _decoded(topics: Topics, record: Record) -> bytes:
    is_ours = record.header("ce_type") and record.header("dlq_group") is None
    return dumps(topics.fact(record).fields, default=str, ensure_ascii=False).encode() if is_ours else b""


def test_the_company_keeps_what_was_planted_and_its_mails_and_calendars_say_it(run: Run) -> None:
    sandbox = run.home / "sandbox"
    inside = {name: _texts(run.planted.canaries.found_below(sandbox / name)) for name in ("calendars", "maildir")}

    assert run.planted.canaries.found_in((sandbox / "directory.jsonl").read_bytes()) == {*run.planted.canaries.texts}
    assert inside["maildir"] >= {*run.planted.told.texts}
    assert {run.planted.people[role].mail for role in ("leaves", "partner")} <= inside["calendars"]


def test_no_topic_says_a_name_or_an_address(run: Run) -> None:
    records = dict(_every_record(run))

    assert {at: found for at, content in records.items() if (found := run.planted.canaries.found_in(content))} == {}
    assert {at.partition(":")[0] for at in records} >= {EXITS, *FACTS, REACTIONS, *(f"{one}.dlq.v1" for one in GROUPS)}


def test_no_answer_and_no_page_says_a_name_an_address_or_what_a_stranger_sent(run: Run) -> None:
    forbidden = Canaries([*run.planted.canaries.texts, SENT, PUBLISHED])

    assert {what: found for what, said in run.answers.items() if (found := forbidden.found_in(said))} == {}


def test_logs_and_pages_do_not_even_say_an_id_of_a_person(run: Run) -> None:
    logs = run.home / "logs"
    pages = {
        what: said for what, said in run.answers.items() if what.partition("/")[0] in run.world.stack.endpoints.pids
    }

    assert run.planted.ids.found_below(logs, leave_out=run.company) == {}
    assert {what: found for what, said in pages.items() if (found := run.planted.ids.found_in(said))} == {}
    assert len(pages) == 4 * len((*SERVICES, "producers.ems"))


def test_what_a_stranger_publishes_stays_in_the_record_and_its_copies(run: Run) -> None:
    published = Canaries([PUBLISHED])
    topics = {at.rpartition(":")[0].rpartition(":")[0] for at, one in _every_record(run) if published.found_in(one)}
    files = published.found_below(run.home, leave_out=[run.home / "kafka"])

    assert topics == {EXITS, *(f"{group}.dlq.v1" for group in GROUPS)}
    assert {Path(file).name.removesuffix("-wal") for file in files} == {f"{group}.db" for group in GROUPS}


def test_no_database_no_log_and_no_other_file_holds_a_name_an_address_or_what_a_stranger_sent(run: Run) -> None:
    forbidden = Canaries([*run.planted.canaries.texts, SENT])
    run.world.stack.down()  # what only stood in memory is written now

    assert forbidden.found_below(run.home, leave_out=run.company) == {}
    assert {f"{name}.db" for name in (*GROUPS, "ems.exits")} <= {path.name for path in run.home.iterdir()}
    assert {path.stem for path in (run.home / "logs").iterdir()} >= {*SERVICES, "producers.ems"}


def _texts(found: Mapping[str, set[str]]) -> set[str]:
    return {text for texts in found.values() for text in texts}
