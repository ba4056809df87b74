"""What Facilities does."""

from choreography import Effect
from consumers.facilities.ports import Ports
from schemas.exits import EmployeeResigned
from schemas.facilities import LaptopCollectionBooked


async def book_laptop_collection(event: EmployeeResigned, ports: Ports, effect: Effect) -> LaptopCollectionBooked:
    """Have the service desk collect the leaver's laptop."""
    ticket = await ports.desk.open_ticket(key=effect.key, employee_id=event.employee_id)
    return LaptopCollectionBooked(ticket=ticket)
