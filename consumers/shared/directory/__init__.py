"""Looking people up in the company's directory, at the moment of use; nothing is kept.

A library, not a service: each service declares in its own `ports.py` what it needs to know, and its `__main__.py`
hands it a `ScimPeople`, which satisfies all of them.
"""

from consumers.shared.directory.people import PersonAmbiguous, PersonNotFound, ScimPeople
from consumers.shared.directory.person import Person

__all__ = ["Person", "PersonAmbiguous", "PersonNotFound", "ScimPeople"]
