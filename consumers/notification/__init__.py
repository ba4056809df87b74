"""Notification e-mails the manager of an employee who resigns, and tells the same manager how it ends.

Subscribes to: `EmployeeResigned`, `ExitConfirmed`, `EmployeeRetained`, `ResignationWithdrawn`, `ExitCaseVoided`.
States: `ManagerNotified`, `NotificationWithheld`, `NotificationDropped`, `NotificationFailed`.
Side effects: one mail per event, in one thread per case; to the manager, else to the manager's manager, else to HR;
never to the person concerned. Of a restricted case, of somebody whom the directory does not know for certain, and of
an exit whose beginning this service never stated, only HR is told.
Safe to repeat because: a mail built again is the same mail, byte for byte, with the same Message-ID, by which
`consumers.mail` finds out whether it was sent; a fact says so where it may have been sent twice. Whoever was never told
is not told that it is undone.
"""
