"""The words of this domain: one folder per topic, with its `.avsc` files and the models of the same names."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from choreography import Event, correlation_id, record_key, sequence

__all__ = ["ExitEvent"]


class ExitEvent(Event):
    """Anything that is stated about the exit case of an employee; the runtime fills these fields in.

    Attributes:
        employee_id: the `externalId` of the person in the directory.
        case_id: the exit case.
        case_version: counts the facts of a case on `ems.exits.v1`; elsewhere it is that of the cause.
    """

    employee_id: Annotated[str, Field(min_length=1)] = record_key()
    case_id: UUID = correlation_id()
    case_version: Annotated[int, Field(ge=1, le=2**31 - 1)] = sequence()
