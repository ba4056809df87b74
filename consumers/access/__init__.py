"""Access takes critical access away until the decision is final, then gives back exactly that, or revokes it.

Subscribes to: `ems.exits.v1` — EmployeeResigned (block), EmployeeRetained, ResignationWithdrawn and ExitCaseVoided
    (restore), ExitConfirmed (revoke), EmployeeDeparted (last sweep).
States: `ems.access.v1` — CriticalAccessBlocked, CriticalAccessRestored, CriticalAccessRevoked,
    CriticalAccessBlockFailed.
Side effects: takes the person's member objects out of the critical groups of a SCIM directory, which a policy names,
    and puts them back; deactivates the account of risk HIGH where the policy says so, and activates it again. Nothing
    else of a group or an account is written. Sessions and tokens live on until they expire.
Safe to repeat because: what will be taken is written down, and logged, before the first removal; a group is set to
    a state, not toggled; each write names the version that was read (`If-Match`) and is read back.
"""
