"""EMS: takes resignations and decisions in, keeps the rules of a case, and states what happened.

Listens to: signed HTTP requests of HR systems (Standard Webhooks).
Also acts by itself: it states a departure once the last working day is over in the time zone of the case.
States: EmployeeResigned, ResignationWithdrawn, LastWorkingDayChanged, EmployeeRetained, ExitConfirmed, ExitCaseVoided
and EmployeeDeparted, on `ems.exits.v1`.
Side effects: none outside its own database; the outbox publishes what was committed.
Safe to repeat because: the `webhook-id` is the idempotency key; the same request gets the same answer. A departure
is stated in the transaction that ends its case.
"""
