"""HR holds a 1:1 exit interview with everybody who leaves.

Subscribes to
    `EmployeeResigned` → chooses the first slot that is free for the employee and an HR partner, of several partners the
    one with most time left, and books it; skipped when the resignation was withdrawn, the employee retained, the case
    voided or the employee departed meanwhile.
    `ExitConfirmed` is no reason to skip and needs no reaction: whoever leaves is still wanted for the interview,
    which is booked because of the resignation, however late that is read.
    `LastWorkingDayChanged` → moves the interview if it would be too late, calls it off if no time is left, books it if
    it was not possible before; skipped when a later one has come, or the case is over.
    `ResignationWithdrawn`, `EmployeeRetained`, `ExitCaseVoided` → calls the interview off in the calendar.
    Its own `ExitInterviewScheduled` and `ExitInterviewMoved` → invites; `ExitInterviewCancelled` → calls off whoever
    was invited; `ExitInterviewNotPossible` → asks HR by mail to arrange the interview by hand, and calls off whoever
    was invited before. Only the newest of them counts.

States
    `ExitInterviewScheduled`, `ExitInterviewMoved`, `ExitInterviewNotPossible`, `ExitInterviewCancelled`,
    `InterviewInvitationSent`.

Side effects
    One entry in the HR partner's calendar (CalDAV), which stays there, cancelled and taking no time, when it is called
    off; and mails (iMIP): one to partner and employee, in the languages that they prefer, or to the HR mailbox.

Safe to repeat because
    the entry's UID comes from the case, and it is put where there is none (`If-None-Match: *`), or in place of what an
    earlier event of the case has left there, as it was read (`If-Match`); the slot is written down before. What is late
    finds what a later event has put, and leaves it. A mail keeps its Message-ID.
"""
