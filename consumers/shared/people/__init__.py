"""Looking people up in the company's directory, at the moment of use; nothing is kept.

A library, not a service: each service declares in its own `ports.py` what it needs to know, and its `__main__.py`
hands it a `ScimPeople`, which satisfies all of them.
"""

from consumers.shared.people.person import Person
from consumers.shared.people.scim import PersonAmbiguous, PersonNotFound, ScimPeople

__all__ = ["Person", "PersonAmbiguous", "PersonNotFound", "ScimPeople"]
