"""Critical access over SCIM 2.0 (RFC 7643, RFC 7644): membership of groups, and the account itself.

The face is `ScimAccessDirectory` in `directory`; it is opened over a `ScimClient`.
"""

from consumers.access.scim.account import known_by
from consumers.access.scim.client import ScimClient
from consumers.access.scim.directory import ScimAccessDirectory

__all__ = ["ScimAccessDirectory", "ScimClient", "known_by"]
