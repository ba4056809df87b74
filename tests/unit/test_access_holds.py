"""Who holds a block, and what the last holder gives back."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from consumers.access.holds import Fact, Holds, TakenGroups, entitlement_ids
from schemas.access import (
    BlockFailureCause,
    CriticalAccessBlocked,
    CriticalAccessBlockFailed,
    CriticalAccessRestored,
    CriticalAccessRevoked,
    Membership,
)

NOW = datetime(2026, 3, 2, tzinfo=UTC)
A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)


def stated(fact: Fact, case: UUID) -> Fact:
    return fact.stamped(event_id=uuid4(), key="E-1", correlation=case, order=1, at=NOW)


def taken(*groups: str) -> tuple[Membership, ...]:
    return tuple(Membership(entitlement_id=group, member_id="account") for group in groups)


def blocked(case: UUID, *groups: str) -> Fact:
    return stated(CriticalAccessBlocked(system="scim", memberships=taken(*groups)), case)


def revoked(case: UUID, *groups: str, departed: bool = False) -> Fact:
    return stated(CriticalAccessRevoked(system="scim", memberships=taken(*groups), departed=departed), case)


def failed(case: UUID, *, departed: bool = False) -> Fact:
    cause = BlockFailureCause.PERSON_NOT_FOUND
    return stated(CriticalAccessBlockFailed(system="scim", cause=cause, departed=departed), case)


def restored(case: UUID, *still_taken: str) -> Fact:
    return stated(CriticalAccessRestored(system="scim", still_taken=taken(*still_taken)), case)


def given_back(holds: Holds, case: UUID) -> set[str]:
    return set(entitlement_ids(holds.left_to(case)))


def test_a_case_without_a_block_holds_nothing() -> None:
    holds = Holds()

    assert not holds.held_by(A)
    assert not holds.held_by_another(A)


def test_a_block_holds_even_if_it_took_nothing_or_failed() -> None:
    assert Holds([blocked(A)]).held_by(A)
    assert Holds([failed(A)]).held_by(A)


def test_what_was_taken_is_given_back_by_the_case_that_took_it() -> None:
    assert given_back(Holds([blocked(A, "prod"), revoked(A, "prod", "payments")]), A) == {"prod", "payments"}


def test_the_last_case_gives_back_what_the_first_one_took() -> None:
    holds = Holds([blocked(A, "prod"), blocked(B), restored(A, "prod")])

    assert not holds.held_by(A)
    assert not holds.held_by_another(B)
    assert given_back(holds, B) == {"prod"}


def test_what_was_given_back_by_the_last_case_is_forgotten() -> None:
    holds = Holds([blocked(A, "prod"), blocked(B), restored(A, "prod"), restored(B), blocked(A, "payments")])

    assert given_back(holds, A) == {"payments"}


def test_a_failed_block_of_another_case_keeps_access_blocked() -> None:
    assert Holds([blocked(A, "prod"), failed(B)]).held_by_another(A)


def test_a_departure_ends_the_matter_whether_or_not_the_person_was_found() -> None:
    for last in (revoked(A, "prod", departed=True), failed(A, departed=True)):
        holds = Holds([blocked(A, "prod"), last, blocked(B, "payments")])

        assert not holds.held_by_another(B)
        assert given_back(holds, B) == {"payments"}


def test_after_a_departure_no_other_case_gives_back_whichever_took_it() -> None:
    other_first = Holds([blocked(B, "prod"), blocked(A), revoked(A, departed=True)])
    other_later = Holds([blocked(A, "prod"), blocked(B), revoked(A, "prod", departed=True)])
    left_by_a_third = Holds(
        [blocked(C, "prod"), blocked(A), blocked(B), restored(C, "prod"), revoked(A, departed=True)]
    )

    for holds in (other_first, other_later, left_by_a_third):
        assert holds.held_by(B)
        assert given_back(holds, B) == set()
    assert entitlement_ids(other_first.forfeited_in(B)) == ("prod",)


def test_what_is_taken_after_a_departure_is_given_back() -> None:
    holds = Holds([blocked(B, "prod"), blocked(A), revoked(A, departed=True), revoked(B, "payments")])

    assert given_back(holds, B) == {"payments"}


def test_a_block_that_was_begun_counts_as_taken_and_is_told_apart() -> None:
    begun = TakenGroups(case_id=A, memberships=taken("prod", "payments"), not_taken=())
    holds = Holds([blocked(A, "prod")], [begun])

    assert given_back(holds, A) == {"prod", "payments"}
    assert holds.begun_in(A) == {"payments"}
    assert holds.begun_in(B) == frozenset()
