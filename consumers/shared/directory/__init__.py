"""The company's directory: looked into at the moment of use; nothing is kept.

A library, not a service: composition roots open a `ScimPeople`, or the `connection` and a client of their own.
"""

from consumers.shared.directory.connection import connection
from consumers.shared.directory.people import ScimPeople
from consumers.shared.directory.person import Person
from consumers.shared.directory.settings import DirectorySettings

__all__ = ["DirectorySettings", "Person", "ScimPeople", "connection"]
