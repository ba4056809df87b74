"""The access directory over SCIM 2.0: critical access is membership of certain groups."""

from consumers.access.scim.account import known_by
from consumers.access.scim.directory import ScimAccessDirectory

__all__ = ["ScimAccessDirectory", "known_by"]
