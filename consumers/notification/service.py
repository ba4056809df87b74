"""What the Notification service reacts to, as pure data.

`ExitConfirmed` does not undo the first message, since only the resignation says whether a case is restricted.
"""

from datetime import timedelta

from choreography import Service, on
from consumers.notification.handler import notify_manager, notify_that_employee_leaves, notify_that_employee_stays
from consumers.notification.ports import Ports
from schemas.exits import (
    EXIT_CLOSED,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    ResignationWithdrawn,
)
from schemas.notification import ManagerNotified, NotificationDropped, NotificationFailed, NotificationWithheld

SOON = timedelta(minutes=5)
TOLD = (ManagerNotified, NotificationWithheld, NotificationFailed)
UNDONE = (ManagerNotified, NotificationDropped, NotificationFailed)

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
            unless=EXIT_CLOSED,
            within=SOON,
            repeatable=False,
        ),
        on(
            ExitConfirmed,
            notify_that_employee_leaves,
            publishes=TOLD,
            target="mailer",
            reads=("people",),
            unless=EXIT_CLOSED,
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
    ],
)
