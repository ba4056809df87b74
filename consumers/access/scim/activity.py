"""Whether a SCIM account is active: set under the version that was read, and proven by reading the account again."""

from typing import Final

from consumers.access.ports import Claim, DirectoryRefused, Taken
from consumers.access.scim.account import Account
from consumers.access.scim.client import ScimClient
from schemas.access import BlockFailureCause, Membership, NotTaken

_ATTEMPTS: Final = 10


def active_account(account: Account) -> Taken:
    """Return that the account is active; nothing where it is not, since nothing is to be given back then."""
    if account.active is None:
        return Taken(not_taken=(NotTaken(entitlement_id=account.id, cause=BlockFailureCause.NOT_SUPPORTED),))
    active = Membership(entitlement_id=account.id, member_id=account.id, active_account=True)
    return Taken((active,) if account.active else ())


async def set_active(scim: ScimClient, account_id: str, claim: Claim, *, active: bool) -> bool:
    """See to it that the account is active, or is not; return whether there is such an account.

    Raises:
        DirectoryRefused: it says that it did so and does not, or somebody else is always faster.
    """
    for _ in range(_ATTEMPTS):
        account = await scim.account(account_id)
        if account is None or account.active is active:
            return account is not None
        await claim()
        await scim.set_active(account, active=active)
    raise DirectoryRefused(f"The account {account_id} is as active as before after {_ATTEMPTS} attempts.")
