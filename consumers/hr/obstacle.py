"""What stands in the way of an interview."""

from choreography import ChoreographyError
from schemas.hr import InterviewObstacle


class NotPossible(ChoreographyError):  # noqa: N818 - an answer, not a failure
    """An interview cannot be booked, for a reason that waiting does not mend.

    Attributes:
        cause: the reason.
        interviewer_id: who would have held it, where that is known.
    """

    def __init__(self, cause: InterviewObstacle, interviewer_id: str | None = None) -> None:
        super().__init__(f"No interview can be booked: {cause}.")
        self.cause = cause
        self.interviewer_id = interviewer_id
