"""What Facilities did: topic `ems.facilities.v1`, key = employee id."""

from choreography import Topic
from schemas import ExitEvent

__all__ = ["TOPIC", "LaptopCollectionBooked"]

TOPIC = Topic("ems.facilities.v1", package=__name__)


class FacilitiesFact(ExitEvent):
    """A fact that Facilities states."""

    topic = TOPIC


class LaptopCollectionBooked(FacilitiesFact):
    """Somebody comes for the laptop."""

    ticket: str
