"""EMS: takes resignations and decisions in, keeps the rules of a case, and states what happened.

Listens to: signed HTTP requests of HR systems (Standard Webhooks); and `ems.intake.v1`, as the group `ems.intake`.
Also acts by itself: it states a departure once the last working day is over in the time zone of the case.
States: EmployeeResigned, ResignationWithdrawn, LastWorkingDayChanged, EmployeeRetained, ExitConfirmed, ExitCaseVoided
and EmployeeDeparted, on `ems.exits.v1`; IntakeRefused, IntakeHeld and IntakeReleased, on `ems.reactions.v1`.
Side effects: none outside its own database; the outbox publishes what was committed.
Safe to repeat because: the `webhook-id` is the idempotency key, or else the place of a record; the same request
gets the same answer. A departure is stated in the transaction that ends its case.
"""
