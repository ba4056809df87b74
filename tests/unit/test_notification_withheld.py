"""Of a restricted case HR hears first; the manager once it is released, or never."""

from datetime import date
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest

from choreography import Hold, NothingToDo, Unavailable
from consumers.notification.handler import Undone
from schemas.exits import (
    Confidentiality,
    ExitCaseVoided,
    ExitConfirmed,
    LastWorkingDayChanged,
    ResignationWithdrawn,
    VoidReason,
)
from schemas.notification import (
    ManagerNotified,
    NotificationDropped,
    NotificationFailed,
    NotificationKind,
    NotificationWithheld,
)
from tests.doubles import HR, someone
from tests.unit.notifying import CONFIRMED, RETAINED, VOIDED, WITHDRAWN, World, happened, resigned, text_of

DAY = date(2026, 4, 30)
RESTRICTED = resigned(confidentiality=Confidentiality.RESTRICTED, last_working_day=DAY)
BEN = "ben@example.com"


def withheld(world: World, event: Any = RESTRICTED) -> Any:
    """Have HR told; return the fact as it stands on its topic."""
    assert isinstance(world.told(event), NotificationWithheld)
    return world.restated(NotificationWithheld)


def released(world: World, event: Any) -> Any:
    """Have it held, and then released."""
    with pytest.raises(Hold):
        world.told(event)
    return world.told(event, released=True)


def test_hr_is_told_first_and_what_the_manager_is_to_hear_is_held() -> None:
    world = World()
    fact = withheld(world)

    with pytest.raises(Hold):
        world.told(fact)

    assert world.postbox.read_by == [HR]
    assert "The manager has not been told by this system" in text_of(world.postbox.letters[0])
    assert (fact.manager_id, fact.last_working_day) == ("ben", DAY)


def test_the_manager_is_told_once_it_is_released() -> None:
    world = World()
    fact = withheld(world)

    told = released(world, fact)

    assert world.postbox.read_by == [HR, BEN]
    assert (told.kind, told.recipient_id) == (NotificationKind.RESIGNED, "ben")
    said = text_of(world.postbox.letters[1])
    assert "Ana (employee id ana) handed in a resignation on Monday, 2 March 2026." in said
    assert "Thursday, 30 April 2026" in said
    assert world.postbox.letters[1]["References"] == world.postbox.letters[0]["References"]


def test_what_was_released_because_it_was_old_or_had_failed_still_waits_for_hr() -> None:
    world = World()
    fact = withheld(world)

    with pytest.raises(Hold):
        world.told(fact, released=True)

    assert world.postbox.read_by == [HR]


def test_what_is_released_late_tells_how_the_case_stands_by_then() -> None:
    world = World()
    first = withheld(world)
    moved = withheld(world, happened(LastWorkingDayChanged, 2, current=date(2026, 5, 29)))
    confirmed = withheld(world, happened(ExitConfirmed, 3))

    for later in (moved, confirmed):
        with pytest.raises(NothingToDo):
            world.told(later)
    told = released(world, first)

    assert world.postbox.read_by == [HR, HR, HR, BEN]
    assert told.kind is NotificationKind.CONFIRMED
    assert "leaves: the decision is final. The last working day is Friday, 29 May 2026." in text_of(
        world.postbox.letters[3]
    )


def test_what_follows_a_release_goes_to_hr_and_on_to_the_manager_at_once() -> None:
    world = World()
    released(world, withheld(world))
    confirmed = withheld(world, CONFIRMED)

    told = world.told(confirmed)

    assert world.postbox.read_by == [HR, BEN, HR, BEN]
    assert told.kind is NotificationKind.CONFIRMED
    assert "the manager is told of this, too" in text_of(world.postbox.letters[2])
    with pytest.raises(NothingToDo):
        world.told(confirmed.model_copy(update={"event_id": uuid4()}))


def test_what_is_undone_before_it_was_released_reaches_the_manager_never() -> None:
    world = World()
    withheld(world)
    dropped = world.told(happened(ResignationWithdrawn, 2))

    assert isinstance(dropped, NotificationDropped)
    with pytest.raises(NothingToDo):
        world.told(world.restated(NotificationDropped))
    assert world.postbox.read_by == [HR, HR]
    assert "The manager was never told by this system" in text_of(world.postbox.letters[1])
    assert (dropped.manager_id, dropped.last_working_day) == ("ben", DAY)


def test_what_is_undone_after_it_was_released_is_told_to_hr_and_then_to_the_manager() -> None:
    world = World()
    released(world, withheld(world))
    world.told(happened(ResignationWithdrawn, 2))

    told = world.told(world.restated(NotificationDropped))

    assert world.postbox.read_by == [HR, BEN, HR, BEN]
    assert (type(told), told.kind) == (ManagerNotified, NotificationKind.WITHDRAWN)
    assert "stays: the resignation was taken back" in text_of(world.postbox.letters[3])


def test_a_restricted_case_that_was_entered_twice_is_said_to_be_one() -> None:
    world = World()
    released(world, withheld(world))
    world.told(happened(ExitCaseVoided, 2, reason=VoidReason.DUPLICATE))

    world.told(world.restated(NotificationDropped))

    for letter in world.postbox.letters[2:]:
        assert "the other case about the same resignation goes on" in text_of(letter)


def test_hr_hears_of_the_end_even_where_nobody_could_be_reached_on_release() -> None:
    world = World(refuses={BEN, "cleo@example.com"})
    fact = withheld(world)
    world.postbox.refuses.add(HR)
    assert isinstance(released(world, fact), NotificationFailed)
    world.postbox.refuses = set()

    assert isinstance(world.told(happened(ResignationWithdrawn, 2)), NotificationDropped)
    assert world.postbox.read_by == [HR, HR]


def test_a_restricted_case_stays_withheld_where_hr_could_not_be_reached_at_first() -> None:
    world = World(refuses={HR})
    assert isinstance(world.told(RESTRICTED), NotificationFailed)
    world.postbox.refuses = set()

    assert isinstance(world.told(CONFIRMED), NotificationWithheld)
    assert world.postbox.read_by == [HR]


def test_of_a_restricted_case_of_an_unknown_person_only_hr_is_told() -> None:
    world = World(someone("ben"))
    fact = withheld(world, resigned(confidentiality=Confidentiality.RESTRICTED, manager_id="ben"))
    assert fact.manager_id == "ben"

    told = released(world, fact)

    assert world.postbox.read_by == [HR, HR]
    assert isinstance(told, NotificationFailed)


@pytest.mark.parametrize("undone", [RETAINED, WITHDRAWN, VOIDED])
def test_what_is_undone_is_never_released_even_where_hr_could_not_be_told(undone: Undone) -> None:
    world = World()
    fact = withheld(world)
    with pytest.raises(Hold):
        world.told(fact)
    world.postbox.refuses = {HR}

    dropped = world.told(undone)

    assert (type(dropped), dropped.message_id, dropped.manager_id) == (NotificationDropped, None, "ben")
    with pytest.raises(NothingToDo):
        world.told(fact, released=True)
    assert world.postbox.read_by == [HR]


def test_a_manager_who_was_told_hears_how_it_goes_on_even_where_hr_cannot_be_told() -> None:
    world = World()
    released(world, withheld(world))
    world.postbox.refuses = {HR}

    for event in (happened(LastWorkingDayChanged, 2, current=date(2026, 5, 29)), happened(ExitConfirmed, 3)):
        assert withheld(world, event).message_id is None
        world.told(world.restated(NotificationWithheld))
    world.told(happened(ResignationWithdrawn, 4))
    world.told(world.restated(NotificationDropped))

    assert world.postbox.read_by == [HR, BEN, BEN, BEN, BEN]
    for letter, words in zip(world.postbox.letters[2:], ("29 May 2026", "is final", "taken back"), strict=True):
        assert words in text_of(letter)


def test_after_hr_could_not_be_told_the_thread_goes_on_from_what_hr_has() -> None:
    world = World()
    first = withheld(world)
    world.postbox.refuses = {HR}
    withheld(world, CONFIRMED)
    world.postbox.refuses = set()

    world.told(happened(ResignationWithdrawn, 3))

    assert world.postbox.letters[-1]["In-Reply-To"] == first.message_id


def test_what_hr_got_in_the_managers_place_is_not_sent_twice_and_the_manager_is_told_the_end() -> None:
    world = World()
    released(world, withheld(world))
    world.postbox.refuses = {BEN}
    withheld(world, happened(LastWorkingDayChanged, 2, current=date(2026, 5, 29)))
    moved = world.restated(NotificationWithheld)
    world.told(moved)

    with pytest.raises(NothingToDo):
        world.told(moved.model_copy(update={"event_id": uuid4()}))
    world.postbox.refuses = set()
    world.told(happened(ResignationWithdrawn, 3))
    world.told(world.restated(NotificationDropped))

    assert world.postbox.read_by == [HR, BEN, HR, HR, HR, BEN]


def undone_while_in_doubt(world: World, *, arrived: bool) -> NotificationWithheld:
    """Have the manager's mail begun and its answer lost, and the case undone before the next attempt."""
    fact: NotificationWithheld = withheld(world)
    with pytest.raises(Hold):
        world.told(fact)
    if arrived:
        world.postbox.letters.append(written_to_the_manager(fact))
    assert isinstance(world.told(WITHDRAWN), NotificationDropped)
    return fact


def written_to_the_manager(fact: NotificationWithheld) -> EmailMessage:
    """Return the mail that an attempt whose fact was never stated has sent."""
    elsewhere = World()
    withheld(elsewhere)
    released(elsewhere, fact)
    return elsewhere.postbox.letters[-1]


def test_a_manager_whose_mail_was_in_doubt_while_the_case_was_undone_hears_that_it_is() -> None:
    world = World()
    fact = undone_while_in_doubt(world, arrived=True)

    found = world.told(fact, repeated=True, released=True)
    told = world.told(world.restated(NotificationDropped))

    assert (found.kind, found.recipient_id) == (NotificationKind.RESIGNED, "ben")
    assert (told.kind, told.recipient_id) == (NotificationKind.WITHDRAWN, "ben")
    assert world.postbox.read_by == [HR, BEN, HR, BEN]


def test_a_manager_whose_mail_was_in_doubt_and_never_sent_hears_nothing_of_a_case_that_is_undone() -> None:
    world = World()
    fact = undone_while_in_doubt(world, arrived=False)

    for event in (fact, world.restated(NotificationDropped)):
        with pytest.raises(NothingToDo):
            world.told(event, repeated=True, released=True)

    assert world.postbox.read_by == [HR, HR]


def test_what_is_in_doubt_waits_until_it_is_known_whether_the_manager_was_told() -> None:
    world = World()
    fact = undone_while_in_doubt(world, arrived=True)
    world.postbox.down = True

    with pytest.raises(Unavailable):
        world.told(fact, repeated=True, released=True)


def test_what_nobody_has_released_is_not_asked_for_again_once_the_case_is_undone() -> None:
    world = World()
    fact = undone_while_in_doubt(world, arrived=False)

    with pytest.raises(NothingToDo):
        world.told(fact, repeated=True)
