"""HR holds a 1:1 exit interview with everybody who leaves.

Subscribes to
    `EmployeeResigned` → chooses the first free slot of HR partner and employee, and books it; skipped when the
    resignation was withdrawn, the employee retained, the case voided or the employee departed meanwhile.
    `ExitConfirmed` is no reason to skip and needs no reaction: whoever leaves is still wanted for the interview,
    which is booked because of the resignation, however late that is read.
    `ResignationWithdrawn`, `EmployeeRetained`, `ExitCaseVoided` → calls the interview off in the calendar.
    Its own `ExitInterviewScheduled` → invites; `ExitInterviewCancelled` → calls off whoever was invited;
    `ExitInterviewNotPossible` → asks HR by mail to arrange the interview by hand.

States
    `ExitInterviewScheduled`, `ExitInterviewNotPossible`, `ExitInterviewCancelled`, `InterviewInvitationSent`.

Side effects
    One entry in the HR partner's calendar (CalDAV), which stays there, cancelled and taking no time, when it is called
    off; and mails (iMIP) to partner and employee, or to the HR mailbox.

Safe to repeat because
    the entry's UID comes from the case, and it is put only where there is none (`If-None-Match: *`); the slot is
    written down before; an entry is replaced by a cancelled one only as it was read (`If-Match`), and nothing that is
    late is put where a cancelled one stands. A mail keeps its Message-ID.
"""
