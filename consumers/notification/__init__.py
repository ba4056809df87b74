"""Notification e-mails the manager of an employee who resigns, and tells the same manager what changes and how it ends.

Subscribes to: the facts of a case, from `EmployeeResigned` to the decision; its own `NotificationWithheld` and
`NotificationDropped`; what Access did: `CriticalAccessBlocked`, `CriticalAccessRevoked`, `CriticalAccessBlockFailed`
and `CriticalAccessRestored`. States: `ManagerNotified`, `NotificationWithheld`, `NotificationDropped`,
`NotificationFailed`, `SecurityNotified`, `SecurityNotificationFailed`. Side effects: one mail per event, in one thread
per case, in the recipient's language; to the manager, else to the manager's manager, else to HR; never to the person
concerned. Of a restricted case HR hears first, and the manager once HR has the held message released. Of somebody whom
the directory does not know for certain, and of an exit whose beginning this service never stated, only HR is told.
Security is told what Access could not do. Safe to repeat because: a mail built again is the same mail, byte for byte,
with the same Message-ID, by which `consumers.shared.mail` finds out whether it was sent; a fact says so where it may
have been sent twice. Whoever was never told is not told that it is undone.

Read `service` (what it reacts to), `handler` and `security` (what each reaction does), `telling` (the facts that say
who was told), `line` (who may be told), `letter` (what is said, and who got it), `case` (what all of them speak of).
"""
