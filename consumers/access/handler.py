"""What Access does: block until the decision is final, then restore or revoke."""

from functools import partial
from uuid import UUID

from choreography import Effect, NothingToDo, Reject
from consumers.access.holds import Holds, ReturnedGroups, TakenGroups, entitlement_ids, merged
from consumers.access.mass import hold_a_mass
from consumers.access.ports import AccountRefused, Ports, Taken
from schemas.access import (
    BlockFailureCause,
    CriticalAccessBlocked,
    CriticalAccessBlockFailed,
    CriticalAccessRestored,
    CriticalAccessRevoked,
    Membership,
    NotRestored,
    NotRestoredCause,
)
from schemas.exits import (
    EmployeeDeparted,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    ResignationWithdrawn,
    Risk,
)

Taking = EmployeeResigned | ExitConfirmed | EmployeeDeparted
Returning = EmployeeRetained | ResignationWithdrawn | ExitCaseVoided


async def block_critical_access(
    event: EmployeeResigned, ports: Ports, effect: Effect
) -> CriticalAccessBlocked | CriticalAccessBlockFailed:
    """Take the person out of the critical groups until the decision is final."""
    try:
        taken = await _take_away(event, ports, effect)
    except AccountRefused as refusal:
        return _failed(refusal, ports)
    return CriticalAccessBlocked(
        system=ports.critical.system,
        entitlement_ids=entitlement_ids(taken.memberships),
        memberships=taken.memberships,
        not_taken=taken.not_taken,
        verified=taken.verified,
    )


async def revoke_critical_access(
    event: ExitConfirmed | EmployeeDeparted, ports: Ports, effect: Effect
) -> CriticalAccessRevoked | CriticalAccessBlockFailed:
    """Take the person out of every critical group they are in by now, whatever became of the block.

    The fact lists all that is taken in this case, so that a withdrawal after the confirmation gives it all back.
    """
    departed = isinstance(event, EmployeeDeparted)
    try:
        taken = await _take_away(event, ports, effect)
    except AccountRefused as refusal:
        return _failed(refusal, ports, departed=departed)
    return CriticalAccessRevoked(
        system=ports.critical.system,
        entitlement_ids=entitlement_ids(taken.memberships),
        memberships=taken.memberships,
        not_taken=taken.not_taken,
        verified=taken.verified,
        departed=departed,
    )


async def restore_critical_access(event: Returning, ports: Ports, effect: Effect) -> CriticalAccessRestored:
    """Give back exactly what was taken, once no other case of the person keeps it blocked."""
    holds = await Holds.of(effect)
    if not holds.held_by(event.case_id):
        raise NothingToDo("This case took no critical access away, or has given it back already.")
    decided = await effect.once(ReturnedGroups, partial(_choose_returns, event, ports, holds), logged=True)
    returned = await ports.directory.give_back(decided.memberships, effect.claim)
    return CriticalAccessRestored(
        system=ports.critical.system,
        restored=entitlement_ids(returned.memberships),
        not_restored=(*decided.not_restored, *returned.not_restored),
        still_taken=decided.still_taken,
        handed_to=decided.handed_to,
        verified=returned.verified,
    )


async def _take_away(event: Taking, ports: Ports, effect: Effect) -> Taken:
    holds = await Holds.of(effect)
    choose = partial(_choose, event, ports, effect, holds)
    try:
        decided = await effect.once(TakenGroups, choose, logged=True)
    except AccountRefused as refusal:
        if holds.begun_in(event.case_id):
            raise Reject("A block was begun and never finished, and now its account cannot be found.") from refusal
        raise
    unseen = frozenset(one.entitlement_id for one in decided.not_taken)
    taken = await ports.directory.take(decided.memberships, effect.claim, unseen)
    left = {one.entitlement_id: one for one in (*decided.not_taken, *taken.not_taken)}
    if left and not taken.memberships:
        raise AccountRefused(next(iter(left.values())).cause, tuple(left))
    proven = all(one.cause is not BlockFailureCause.NOT_SUPPORTED for one in left.values())
    return Taken(taken.memberships, tuple(left.values()), verified=taken.verified and proven)


async def _choose(event: Taking, ports: Ports, effect: Effect, holds: Holds) -> TakenGroups:
    if not isinstance(event, EmployeeDeparted):  # many leave with the last day of a year
        await hold_a_mass(ports, effect)
    if event.employee_id in ports.critical.protected:
        raise AccountRefused(BlockFailureCause.PROTECTED_ACCOUNT)
    account = event.risk is Risk.HIGH and ports.critical.deactivates_high_risk
    access = await ports.directory.access_of(event.employee_id, ports.critical.groups, account=account)
    return TakenGroups(
        case_id=event.case_id,
        memberships=merged(holds.taken_in(event.case_id), access.memberships),
        not_taken=access.not_taken,
    )


async def _choose_returns(event: Returning, ports: Ports, holds: Holds) -> ReturnedGroups:
    case, twin = event.case_id, _twin(event, holds)
    forfeited = _kept(holds.forfeited_in(case), NotRestoredCause.DEPARTED)
    if twin or holds.held_by_another(case):
        own = holds.taken_in(case)
        blocked = _kept(own, NotRestoredCause.STILL_BLOCKED)
        return ReturnedGroups(
            case_id=case, memberships=(), not_restored=(*blocked, *forfeited), still_taken=own, handed_to=twin
        )
    possible = await ports.directory.returnable(event.employee_id, holds.left_to(case))
    begun = holds.begun_in(case)  # still a member where a block never got to: nobody has changed anything
    not_restored = (
        one
        for one in possible.not_restored
        if one.cause is not NotRestoredCause.CHANGED_BY_OTHERS or one.entitlement_id not in begun
    )
    return ReturnedGroups(case_id=case, memberships=possible.memberships, not_restored=(*not_restored, *forfeited))


def _kept(memberships: tuple[Membership, ...], cause: NotRestoredCause) -> tuple[NotRestored, ...]:
    return tuple(NotRestored(entitlement_id=one, cause=cause) for one in entitlement_ids(memberships))


def _twin(event: Returning, holds: Holds) -> UUID | None:
    """Return the case that holds the block in place of this one, which is a duplicate of it."""
    twin = event.duplicate_of if isinstance(event, ExitCaseVoided) else None
    return None if twin is None or twin == event.case_id or holds.has_let_go(twin) else twin


def _failed(refusal: AccountRefused, ports: Ports, *, departed: bool = False) -> CriticalAccessBlockFailed:
    return CriticalAccessBlockFailed(
        system=ports.critical.system,
        cause=refusal.cause,
        entitlement_ids=refusal.entitlement_ids,
        departed=departed,
    )
