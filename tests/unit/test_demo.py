"""What the demo believes and says: the table of reactions, the proofs, the verdict, the commands to try."""

import io
import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from rich.console import Console

from infra.demo.board import Awaited, Board
from infra.demo.cast import Cast
from infra.demo.commands import commands
from infra.demo.diary import Diary
from infra.demo.facts import Fact
from infra.demo.mailbox import Mailbox
from infra.demo.proof import Proof
from infra.demo.roster import Roster
from infra.demo.screen import Screen
from infra.demo.verdict import pronounce
from infra.endpoints import Endpoints
from infra.sandbox.company import WILL_STAY
from infra.sandbox.probes import Mail, Meeting, Member
from infra.sandbox.probes.mails import parse
from schemas.access import CriticalAccessBlocked
from schemas.hr import ExitInterviewScheduled, InterviewInvitationSent
from schemas.notification import ManagerNotified

CASE = uuid4()
JONAS = Cast.around(WILL_STAY)
ACCEPTED = 1_800_000_000.0
AWAITED: Awaited = {
    "notification": (ManagerNotified,),
    "hr": (ExitInterviewScheduled, InterviewInvitationSent),
    "access": (CriticalAccessBlocked,),
}
NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def fact(service: str, kind: str, after: float = 0.25) -> Fact:
    return Fact(uuid4(), service, kind, CASE, 1, ACCEPTED + after)


def shown(board: Board) -> list[str]:
    console = Console(file=io.StringIO(), width=80)
    console.print(board.plain())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


# ---- the table


def test_the_table_is_complete_when_every_service_has_stated_what_it_should() -> None:
    board = Board(AWAITED, ACCEPTED)

    early = board.take([fact("notification", "ManagerNotified"), fact("hr", "ExitInterviewScheduled")])
    late = board.take([fact("access", "CriticalAccessBlocked"), fact("hr", "InterviewInvitationSent", 0.5)])

    assert (early, late) == (False, True)
    assert board.missing == ()
    assert shown(board) == [
        "    0.25 s  Notification  ManagerNotified",
        "    0.50 s  HR            ExitInterviewScheduled, InterviewInvitationSent",
        "    0.25 s  Access        CriticalAccessBlocked",
    ]


def test_what_was_stated_before_the_answer_arrived_took_no_time() -> None:
    board = Board({"access": (CriticalAccessBlocked,)}, ACCEPTED)

    board.take([fact("access", "CriticalAccessBlocked", -0.01)])

    assert shown(board) == ["    0.00 s  Access        CriticalAccessBlocked"]


def test_a_service_that_states_something_else_is_not_waited_for() -> None:
    board = Board({"access": (CriticalAccessBlocked,)}, ACCEPTED)

    over = board.take([fact("access", "ReactionDecided"), fact("access", "CriticalAccessBlockFailed")])

    assert over
    (missing,) = board.missing
    assert missing.startswith("consumers.access did not state CriticalAccessBlocked in time")
    assert missing.endswith("(it stated CriticalAccessBlockFailed). Look into consumers.access.log.")
    assert shown(board) == ["         ✘  Access        CriticalAccessBlockFailed"]


def test_a_service_without_a_reason_to_react_is_not_waited_for() -> None:
    board = Board({"hr": ()}, ACCEPTED)

    assert board.take([])
    assert shown(board) == ["         –  HR            does not react to this"]


def test_a_terminal_shows_the_same_in_a_table() -> None:
    board = Board(AWAITED, ACCEPTED)
    board.take([fact("notification", "ManagerNotified")])
    console = Console(file=io.StringIO(), width=80)

    console.print(board.table())

    assert isinstance(console.file, io.StringIO)
    drawn = console.file.getvalue()
    assert "│ Notification │ ManagerNotified" in drawn
    assert "nothing so far" in drawn
    assert max(map(len, drawn.splitlines())) <= 80


# ---- the proofs


class LettersOf(Mailbox):
    """A mailbox with these mails."""

    def __init__(self, *mails: Mail) -> None:
        super().__init__("nowhere:0")
        self._mails = mails

    def read(self) -> tuple[Mail, ...]:
        return self._mails


def letter(to: str, text: str, message_id: str = "<1@example.com>") -> Mail:
    message = EmailMessage()
    message["X-RcptTo"], message["Message-ID"] = to, message_id
    message.set_content(f"{text}\n\nCase {CASE}")
    return parse(message.as_bytes())


def invitation(to: Sequence[str], method: str) -> Mail:
    message = EmailMessage()
    message["X-RcptTo"], message["Message-ID"] = ", ".join(to), f"<{method}@example.com>"
    message.set_content("An appointment.")
    ical = f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nUID:interview-{CASE}\r\nEND:VCALENDAR\r\n"
    message.add_alternative(ical.encode(), "text", "calendar")
    return parse(message.as_bytes())


RESIGNED = letter(JONAS.manager.mail, "Jonas Brandt handed in a resignation.")
STAYS = letter(JONAS.manager.mail, "Jonas Brandt stays: the decision is final.", "<2@example.com>")
INVITED = invitation([JONAS.leaver.mail, JONAS.partner.mail], "REQUEST")
CALLED_OFF = invitation([JONAS.leaver.mail, JONAS.partner.mail], "CANCEL")


def test_the_manager_was_told_once_and_both_parties_invited_once() -> None:
    told = LettersOf(RESIGNED, INVITED).told_of_resignation(CASE, JONAS)
    told_of_stay = LettersOf(RESIGNED, INVITED, STAYS, CALLED_OFF).told_of_stay(CASE, JONAS)

    assert told.holds
    assert told_of_stay.holds


def test_a_mail_repeated_with_its_message_id_is_the_same_mail() -> None:
    assert LettersOf(RESIGNED, RESIGNED, INVITED).told_of_resignation(CASE, JONAS).holds


@pytest.mark.parametrize(
    "mails",
    [
        (RESIGNED,),
        (INVITED,),
        (RESIGNED, INVITED, letter(JONAS.manager.mail, "A resignation.", "<again@example.com>")),
        (RESIGNED, INVITED, letter("somebody@example.com", "A resignation.", "<leak@example.com>")),
        (RESIGNED, INVITED, STAYS),
    ],
)
def test_a_mail_too_few_or_too_many_is_no_proof(mails: tuple[Mail, ...]) -> None:
    assert not LettersOf(*mails).told_of_resignation(CASE, JONAS).holds


def meeting(uid: str, start: datetime, *attendees: str) -> Meeting:
    end = start + timedelta(minutes=45)
    return Meeting(f"/{uid}.ics", "1", uid, 1, uid, start, end, "CONFIRMED", "", attendees, "CONFIDENTIAL", "")


CALL = meeting("call", NINE + timedelta(hours=2))
INTERVIEW = meeting(f"interview-{CASE}", NINE, JONAS.leaver.mail, JONAS.partner.mail)
BEFORE = Diary((), (CALL,))


def test_the_interview_stands_once_where_both_are_free() -> None:
    proof = Diary((), (CALL, INTERVIEW)).booked_since(BEFORE, CASE, JONAS)

    assert str(proof) == "✔ interview 2026-11-23 09:00 Europe/Berlin, both free – calendar (CalDAV)"


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (BEFORE, "0 new or changed entries"),
        (Diary((), (CALL, INTERVIEW, replace(INTERVIEW, uid="twice"))), "2 new or changed entries"),
        (Diary((), (CALL, replace(INTERVIEW, uid="interview-of-somebody"))), "an entry of another case"),
        (Diary((), (CALL, replace(INTERVIEW, attendees=(JONAS.partner.mail,)))), "it with"),
        (Diary((), (CALL, replace(INTERVIEW, status="CANCELLED"))), "it CANCELLED"),
        (Diary((), (CALL, replace(INTERVIEW, start=CALL.start, end=CALL.end))), "a clash with call"),
    ],
)
def test_an_interview_that_is_missing_doubled_or_clashes_is_no_proof(after: Diary, found: str) -> None:
    proof = after.booked_since(BEFORE, CASE, JONAS)

    assert proof.found.startswith(found)


def test_an_interview_that_still_stands_is_not_gone() -> None:
    assert BEFORE.unchanged_since(BEFORE, "gone").holds
    assert Diary((), (CALL, INTERVIEW)).unchanged_since(BEFORE, "gone").found == "1 entries differ"


def roster(critical: str, harmless: str = "jt") -> Roster:
    people = {one: Member(one, {"j": "Jonas", "t": "Toni"}[one], "User") for one in "jt"}
    groups = {"customer-data": critical, "book-club": harmless}
    return Roster({name: frozenset(people[one] for one in ids) for name, ids in groups.items()}, frozenset("j"))


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (roster("t"), ""),
        (roster("jt"), "customer-data with Jonas"),
        (roster(""), "customer-data without Toni"),
        (roster("t", "t"), "book-club without Jonas"),
    ],
)
def test_the_leaver_alone_is_out_of_critical_groups_alone(after: Roster, found: str) -> None:
    assert after.without_critical_since(roster("jt"), "out").found == found


def test_a_member_object_that_came_back_differently_is_not_what_it_was() -> None:
    changed = replace(roster("jt"), groups={**roster("jt").groups, "customer-data": frozenset()})

    assert roster("jt").unchanged_since(roster("jt"), "same").holds
    assert not changed.unchanged_since(roster("jt"), "same").holds


# ---- the verdict


def verdict(tmp_path: Path, *proofs: Proof, problem: str = "") -> tuple[bool, str]:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "consumers.hr.log").write_text("why")
    stream = io.StringIO()
    held = pronounce(Screen(stream), proofs, problem, tmp_path / "logs", tmp_path / "kept")
    return held, stream.getvalue()


def test_the_verdict_is_good_only_if_every_proof_held(tmp_path: Path) -> None:
    held, said = verdict(tmp_path, Proof("it is", "there"), Proof("it is", "here"))

    assert held
    assert said == "All 2 proofs hold, each read back from its target by the target's protocol.\n"
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("problem", ["", "consumers.hr did not state ExitInterviewScheduled in time."])
def test_after_a_failure_the_logs_are_kept_and_named(tmp_path: Path, problem: str) -> None:
    held, said = verdict(tmp_path, Proof("it is", "there", "" if problem else "it is not"), problem=problem)

    assert not held
    assert problem in said
    assert str(tmp_path / "kept") in said
    assert (tmp_path / "kept" / "consumers.hr.log").read_text() == "why"


def test_a_proof_that_does_not_hold_says_what_was_expected_and_found() -> None:
    proof = Proof("out of prod-admins", "directory (SCIM)", "prod-admins with Amara Okafor")

    assert str(proof) == "✘ expected: out of prod-admins; found: prod-admins with Amara Okafor – directory (SCIM)"


# ---- the commands


def test_every_command_can_be_pasted_whatever_the_directory_is_called(tmp_path: Path) -> None:
    odd = tmp_path / "it's odd"
    where = Endpoints("127.0.0.1:9092", "", "", "", "", "", "", "", "", "", pids={})
    offered = [command for _, command in commands(odd, where, [UUID(int=1), CASE])]

    words = [shlex.split(command) for command in offered]

    assert f"EMS_STATE_DIR={odd}" in words[-1]
    assert any(str(CASE) in parts for parts in words)
    for parts in words:
        program = next(part for part in parts if "=" not in part)
        assert Path(program).is_absolute()
        assert Path(program).exists()
