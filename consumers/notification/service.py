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

SOON = timedelta(minutes=5)
TOLD = (ManagerNotified, NotificationWithheld, NotificationFailed)
UNDONE = (ManagerNotified, NotificationDropped, NotificationFailed)
PASSED_ON = (ManagerNotified, NotificationFailed)
SECURITY = (SecurityNotified, SecurityNotificationFailed)

service = Service[Ports](
    group="ems.notification",
    starts="earliest",
    reactions=[
        on(
            EmployeeResigned,
            notify_manager,
            publishes=TOLD,
            target="mailer",
            reads=("people",),
            unless=EXIT_UNDONE,
            within=SOON,
            repeatable=False,
        ),
        on(
            ExitConfirmed,
            notify_that_employee_leaves,
            publishes=TOLD,
            target="mailer",
            reads=("people",),
            unless=EXIT_UNDONE,
            within=SOON,
            repeatable=False,
        ),
        on(
            LastWorkingDayChanged,
            notify_of_last_working_day,
            publishes=TOLD,
            target="mailer",
            reads=("people",),
            unless=EXIT_UNDONE,
            within=SOON,
            repeatable=False,
        ),
        *(
            on(
                undone,
                notify_that_employee_stays,
                publishes=UNDONE,
                target="mailer",
                reads=("people",),
                within=SOON,
                repeatable=False,
            )
            for undone in (EmployeeRetained, ResignationWithdrawn, ExitCaseVoided)
        ),
        on(
            NotificationWithheld,
            tell_manager_once_released,
            publishes=PASSED_ON,
            target="mailer",
            reads=("people",),
            unless=(NotificationDropped,),
            repeatable=False,
        ),
        on(
            NotificationDropped,
            tell_manager_that_it_is_undone,
            publishes=PASSED_ON,
            target="mailer",
            reads=("people",),
            within=SOON,
            repeatable=False,
        ),
        on(
            CriticalAccessBlockFailed,
            tell_security_what_was_not_blocked,
            publishes=SECURITY,
            target="mailer",
            reads=("people",),
            within=SOON,
            repeatable=False,
        ),
        *(
            on(
                taken,
                tell_security_what_was_not_taken,
                publishes=SECURITY,
                target="mailer",
                reads=("people",),
                within=SOON,
                repeatable=False,
            )
            for taken in (CriticalAccessBlocked, CriticalAccessRevoked)
        ),
        on(
            CriticalAccessRestored,
            tell_security_what_was_not_given_back,
            publishes=SECURITY,
            target="mailer",
            reads=("people",),
            within=SOON,
            repeatable=False,
        ),
    ],
)
