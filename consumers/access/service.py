"""The declaration of Access."""

from datetime import timedelta

from choreography import Service, on
from consumers.access.handler import block_critical_access, restore_critical_access, revoke_critical_access
from consumers.access.ports import Ports
from schemas.access import (
    CriticalAccessBlocked,
    CriticalAccessBlockFailed,
    CriticalAccessRestored,
    CriticalAccessRevoked,
)
from schemas.exits import (
    EXIT_CLOSED,
    EmployeeDeparted,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    ResignationWithdrawn,
)

service = Service[Ports](
    group="ems.access",
    starts="earliest",
    reactions=[
        on(
            EmployeeResigned,
            block_critical_access,
            publishes=(CriticalAccessBlocked, CriticalAccessBlockFailed),
            target="directory",
            unless=(*EXIT_CLOSED, ExitConfirmed),
            within=timedelta(minutes=5),
        ),
        *(
            on(
                event,
                restore_critical_access,
                publishes=(CriticalAccessRestored,),
                target="directory",
                within=timedelta(minutes=5),
            )
            for event in (EmployeeRetained, ResignationWithdrawn, ExitCaseVoided)
        ),
        on(
            ExitConfirmed,
            revoke_critical_access,
            publishes=(CriticalAccessRevoked, CriticalAccessBlockFailed),
            target="directory",
            unless=(ResignationWithdrawn, ExitCaseVoided, EmployeeDeparted),
            within=timedelta(minutes=5),
        ),
        on(
            EmployeeDeparted,
            revoke_critical_access,
            publishes=(CriticalAccessRevoked, CriticalAccessBlockFailed),
            target="directory",
            within=timedelta(minutes=5),
        ),
    ],
)
