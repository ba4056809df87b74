"""What the Notification service reacts to, as pure data.

Neither `ExitConfirmed` nor `EmployeeDeparted` makes a message pointless: only the resignation says whether a case is
restricted, and a manager who hears late that somebody has left is better off than one who never does (ADR 0034).
"""

from datetime import timedelta

from choreography import Service, on
from consumers.notification.handler import (
    notify_manager,
    notify_of_last_working_day,
    notify_that_employee_leaves,
    notify_that_employee_stays,
    tell_manager_once_released,
    tell_manager_that_it_is_undone,
)
from consumers.notification.ports import Ports
from consumers.notification.security import (
    tell_security_what_was_not_blocked,
    tell_security_what_was_not_given_back,
    tell_security_what_was_not_taken,
)
from schemas.access import (
    CriticalAccessBlocked,
    CriticalAccessBlockFailed,
    CriticalAccessRestored,
    CriticalAccessRevoked,
)
from schemas.exits import (
    EXIT_UNDONE,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    LastWorkingDayChanged,
    ResignationWithdrawn,
)
from schemas.notification import (
    ManagerNotified,
    NotificationDropped,
    NotificationFailed,
    NotificationWithheld,
    SecurityNotificationFailed,
    SecurityNotified,
)

TOLD = (ManagerNotified, NotificationWithheld, NotificationFailed)
UNDONE = (ManagerNotified, NotificationDropped, NotificationFailed)
PASSED_ON = (ManagerNotified, NotificationFailed)
SECURITY = (SecurityNotified, SecurityNotificationFailed)

service = Service[Ports](
    group="ems.notification",
    starts="earliest",
    target="mailer",
    reads=("people",),
    within=timedelta(minutes=5),
    repeatable=False,
    reactions=[
        on(EmployeeResigned, notify_manager, publishes=TOLD, unless=EXIT_UNDONE),
        on(ExitConfirmed, notify_that_employee_leaves, publishes=TOLD, unless=EXIT_UNDONE),
        on(LastWorkingDayChanged, notify_of_last_working_day, publishes=TOLD, unless=EXIT_UNDONE),
        on(EmployeeRetained, notify_that_employee_stays, publishes=UNDONE),
        on(ResignationWithdrawn, notify_that_employee_stays, publishes=UNDONE),
        on(ExitCaseVoided, notify_that_employee_stays, publishes=UNDONE),
        on(
            NotificationWithheld,
            tell_manager_once_released,
            publishes=PASSED_ON,
            unless=(NotificationDropped,),
            within="whenever",
        ),
        on(NotificationDropped, tell_manager_that_it_is_undone, publishes=PASSED_ON),
        on(CriticalAccessBlockFailed, tell_security_what_was_not_blocked, publishes=SECURITY),
        on(CriticalAccessBlocked, tell_security_what_was_not_taken, publishes=SECURITY),
        on(CriticalAccessRevoked, tell_security_what_was_not_taken, publishes=SECURITY),
        on(CriticalAccessRestored, tell_security_what_was_not_given_back, publishes=SECURITY),
    ],
)
