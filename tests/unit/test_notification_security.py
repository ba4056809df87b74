"""What Access could not do is told to whoever looks after access, in words."""

from typing import Any

import pytest

from choreography import Event, Hold, NothingToDo
from consumers.shared.directory import Person
from schemas.access import (
    BlockFailureCause,
    CriticalAccessBlocked,
    CriticalAccessBlockFailed,
    CriticalAccessRestored,
    CriticalAccessRevoked,
    NotRestored,
    NotRestoredCause,
    NotTaken,
)
from schemas.notification import (
    AccessMatter,
    NotificationFailureCause,
    NotificationWithheld,
    SecurityNotificationFailed,
    SecurityNotified,
)
from tests.doubles import HR, SECURITY, someone
from tests.unit.notifying import CONFIRMED, World, happened, resigned, text_of

FAILED = happened(
    CriticalAccessBlockFailed, 1, system="directory", cause=BlockFailureCause.LAST_MEMBER, entitlement_ids=("G-7",)
)


def told_of(*people: Person, **options: Any) -> World:
    """A company in which somebody was told of the resignation; the postbox is empty again."""
    world = World(*people, **options)
    world.told(resigned())
    world.postbox.letters.clear()
    return world


def taken(kind: type[Event], **fields: Any) -> Any:
    return happened(kind, 2, system="directory", entitlement_ids=("G-1",), **fields)


def restored(*left: NotRestored, verified: bool = True) -> Any:
    return happened(
        CriticalAccessRestored, 2, system="directory", restored=("G-1",), not_restored=left, verified=verified
    )


def test_security_is_told_that_access_was_not_taken_away_and_why() -> None:
    world = told_of()

    fact = world.told(FAILED)

    [letter] = world.postbox.letters
    assert world.postbox.read_by == [SECURITY]
    assert "Critical access of Ana (employee id ana) was to be paused in directory, and was not" in text_of(letter)
    assert "the person is the last member, and a group is never emptied. Concerned: G-7." in text_of(letter)
    assert not [word for word in ("ana", "access", "resign") if word in letter["Subject"].lower()]
    assert fact == SecurityNotified(matter=AccessMatter.NOT_BLOCKED, message_id=letter["Message-ID"])


@pytest.mark.parametrize("cause", list(BlockFailureCause))
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_cause_has_words(cause: BlockFailureCause, language: str) -> None:
    world = told_of(hr_language=language)
    world.told(FAILED.model_copy(update={"cause": cause}))
    assert str(cause) not in text_of(world.postbox.letters[0])


def test_security_is_told_what_was_not_given_back_and_why() -> None:
    world = told_of()
    fact = world.told(
        restored(
            NotRestored(entitlement_id="G-2", cause=NotRestoredCause.CHANGED_BY_OTHERS),
            NotRestored(entitlement_id="G-3", cause=NotRestoredCause.GROUP_GONE),
        )
    )
    said = text_of(world.postbox.letters[0])
    assert "G-2: somebody else has changed it since" in said
    assert "G-3: the group does not exist any more." in said
    assert fact.matter is AccessMatter.NOT_RESTORED


def test_nobody_is_told_that_everything_was_given_back() -> None:
    world = told_of()
    with pytest.raises(NothingToDo):
        world.told(restored())
    assert world.postbox.letters == []


def test_without_a_mailbox_of_its_own_or_where_that_refuses_hr_is_told() -> None:
    assert told_of(security=HR).told(FAILED).by_hr
    world = told_of(refuses={SECURITY})
    assert world.told(FAILED).by_hr
    assert world.postbox.read_by == [HR]


def test_a_leaver_who_reads_the_security_mailbox_is_not_told() -> None:
    world = told_of(someone("ana", mail=SECURITY))
    world.told(FAILED)
    assert world.postbox.read_by == [HR]

    alone = told_of(someone("ana", mail=HR), security=HR)
    fact = alone.told(FAILED)
    assert (type(fact), fact.cause) == (SecurityNotificationFailed, NotificationFailureCause.NO_RECIPIENT)


def test_somebody_whom_the_directory_does_not_know_for_certain_is_named_by_id_alone() -> None:
    world = told_of(someone("ana"), someone("ana", id="2"))
    world.told(FAILED.model_copy(update={"cause": BlockFailureCause.PERSON_AMBIGUOUS}))
    said = text_of(world.postbox.letters[0])
    assert "the employee with the id ana" in said
    assert "Ana" not in said


def test_of_a_restricted_case_hr_alone_is_told_until_it_is_released() -> None:
    world = World()
    world.told(resigned(confidentiality="RESTRICTED"))
    withheld = world.restated(NotificationWithheld)
    with pytest.raises(Hold):
        world.told(withheld)

    fact = world.told(FAILED)
    world.told(withheld, released=True)
    world.told(restored(NotRestored(entitlement_id="G-3", cause=NotRestoredCause.GROUP_GONE)))

    assert fact.by_hr
    assert world.postbox.read_by == [HR, HR, "ben@example.com", SECURITY]
    assert "Only HR receives this" in text_of(world.postbox.letters[1])
    assert "Only HR receives this" not in text_of(world.postbox.letters[3])


def test_as_long_as_nothing_was_told_of_the_case_hr_alone_is_told_since_it_may_be_restricted() -> None:
    world = World()
    world.told(FAILED)
    world.told(CONFIRMED)
    world.told(FAILED)
    assert world.postbox.read_by == [HR, HR, HR]


def test_of_somebody_who_is_not_found_security_is_told_once_hr_was_asked() -> None:
    world = told_of(someone("ben"))
    world.told(FAILED)
    assert world.postbox.read_by == [SECURITY]


@pytest.mark.parametrize(("language", "words"), [("en", "Only HR receives this"), ("de", "Nur HR erhält dies")])
def test_hr_learns_that_security_was_not_told(language: str, words: str) -> None:
    world = World(hr_language=language)
    world.told(FAILED)
    assert words in text_of(world.postbox.letters[0])


@pytest.mark.parametrize("kind", [CriticalAccessBlocked, CriticalAccessRevoked])
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("cause", list(BlockFailureCause))
def test_security_is_told_which_group_was_left_though_another_was_taken(
    kind: type[Event], language: str, cause: BlockFailureCause
) -> None:
    world = told_of(hr_language=language)

    fact = world.told(taken(kind, not_taken=(NotTaken(entitlement_id="G-7", cause=cause),), verified=True))

    said = text_of(world.postbox.letters[0])
    assert (world.postbox.read_by, fact.matter) == ([SECURITY], AccessMatter.NOT_BLOCKED)
    assert "G-7: " in said
    assert str(cause) not in said
    for untrue in ("Nothing was changed", "nichts verändert", "G-1"):
        assert untrue not in said


PROOFLESS = pytest.mark.parametrize(("language", "words"), [("en", "does not prove"), ("de", "belegt nicht")])


@PROOFLESS
@pytest.mark.parametrize("kind", [CriticalAccessBlocked, CriticalAccessRevoked])
def test_security_is_told_what_reading_back_did_not_prove(kind: type[Event], language: str, words: str) -> None:
    world = told_of(hr_language=language)
    world.told(taken(kind, verified=False))
    said = text_of(world.postbox.letters[0])
    assert words in said
    assert "G-1." in said
    assert "not all of it" not in said
    assert "nicht alle" not in said


@PROOFLESS
def test_security_is_told_of_a_return_that_reading_back_did_not_prove(language: str, words: str) -> None:
    world = told_of(hr_language=language)
    fact = world.told(restored(verified=False))
    said = text_of(world.postbox.letters[0])
    assert (world.postbox.read_by, fact.matter) == ([SECURITY], AccessMatter.NOT_RESTORED)
    assert words in said
    assert "G-1." in said
    assert "Not everything" not in said
    assert "Nicht alle" not in said


def test_what_was_not_given_back_and_what_was_not_proven_are_told_apart() -> None:
    world = told_of()
    world.told(restored(NotRestored(entitlement_id="G-3", cause=NotRestoredCause.GROUP_GONE), verified=False))
    said = text_of(world.postbox.letters[0])
    assert "G-3: the group does not exist any more." in said
    assert "put back into G-1." in said


def test_nobody_is_told_that_a_return_was_not_proven_where_another_case_keeps_everything() -> None:
    world = told_of()
    held = restored(NotRestored(entitlement_id="G-1", cause=NotRestoredCause.STILL_BLOCKED), verified=False)
    with pytest.raises(NothingToDo):
        world.told(held.model_copy(update={"restored": ()}))


@pytest.mark.parametrize("kind", [CriticalAccessBlocked, CriticalAccessRevoked])
def test_nobody_is_told_that_everything_was_taken(kind: type[Event]) -> None:
    world = told_of()
    with pytest.raises(NothingToDo):
        world.told(taken(kind, verified=True))
    assert world.postbox.letters == []
