"""The connection to a SCIM directory, for whoever looks people up in one or changes it.

A library, not a service: composition roots and other libraries open what they need by `connection`.
"""

from consumers.shared.scim.connection import connection

__all__ = ["connection"]
