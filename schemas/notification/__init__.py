"""What the Notification service did: topic `ems.notification.v1`, key = employee id."""

from datetime import date

from choreography import Topic
from schemas import ExitEvent
from schemas.fields import Count, Id, Zone
from schemas.notification.enums import AccessMatter, NotificationFailureCause, NotificationKind, RecipientRole

__all__ = [
    "TOPIC",
    "AccessMatter",
    "ManagerNotified",
    "NotificationDropped",
    "NotificationFailed",
    "NotificationFailureCause",
    "NotificationKind",
    "NotificationWithheld",
    "RecipientRole",
    "SecurityNotificationFailed",
    "SecurityNotified",
]

TOPIC = Topic("ems.notification.v1", package=__name__)


class NotificationFact(ExitEvent):
    """A fact that the Notification service states."""

    topic = TOPIC


class ManagerNotified(NotificationFact):
    """Somebody responsible for the employee was told."""

    kind: NotificationKind = NotificationKind.UNKNOWN
    recipient_id: Id | None = None
    recipient_role: RecipientRole = RecipientRole.UNKNOWN
    message_id: Id
    fallback_level: Count = 0
    perhaps_repeated: bool = False
    submitted_on: date | None = None
    last_working_day: date | None = None
    time_zone: Zone | None = None
    refused_ids: tuple[Id, ...] = ()


class NotificationWithheld(NotificationFact):
    """Only HR was told; the manager waits for HR's release."""

    kind: NotificationKind = NotificationKind.UNKNOWN
    manager_id: Id | None = None
    submitted_on: date | None = None
    last_working_day: date | None = None
    time_zone: Zone | None = None
    message_id: Id | None = None
    perhaps_repeated: bool = False


class NotificationDropped(NotificationFact):
    """A withheld message is pointless now."""

    kind: NotificationKind = NotificationKind.UNKNOWN
    manager_id: Id | None = None
    submitted_on: date | None = None
    last_working_day: date | None = None
    time_zone: Zone | None = None
    message_id: Id | None = None
    perhaps_repeated: bool = False


class NotificationFailed(NotificationFact):
    """Nobody responsible could be told; a person must do it."""

    kind: NotificationKind = NotificationKind.UNKNOWN
    cause: NotificationFailureCause = NotificationFailureCause.UNKNOWN
    recipient_ids: tuple[Id, ...] = ()
    message_id: Id | None = None
    perhaps_repeated: bool = False
    submitted_on: date | None = None
    last_working_day: date | None = None
    time_zone: Zone | None = None


class SecurityNotified(NotificationFact):
    """Whoever looks after access was told what Access could not do."""

    matter: AccessMatter = AccessMatter.UNKNOWN
    by_hr: bool = False
    message_id: Id
    perhaps_repeated: bool = False


class SecurityNotificationFailed(NotificationFact):
    """Nobody who looks after access could be told; a person must look."""

    matter: AccessMatter = AccessMatter.UNKNOWN
    cause: NotificationFailureCause = NotificationFailureCause.UNKNOWN
    perhaps_repeated: bool = False
