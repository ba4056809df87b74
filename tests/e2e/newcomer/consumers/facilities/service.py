"""The declaration of Facilities."""

from datetime import timedelta

from choreography import Service, on
from consumers.facilities.handler import book_laptop_collection
from consumers.facilities.ports import Ports
from schemas.exits import EmployeeResigned, EmployeeRetained, ExitCaseVoided, ResignationWithdrawn
from schemas.facilities import LaptopCollectionBooked

service = Service[Ports](
    group="ems.facilities",
    starts="now",
    reactions=[
        on(
            EmployeeResigned,
            book_laptop_collection,
            publishes=(LaptopCollectionBooked,),
            target="desk",
            unless=(ResignationWithdrawn, EmployeeRetained, ExitCaseVoided),
            within=timedelta(hours=1),
        ),
    ],
)
