"""HR vendors whose webhooks can say that somebody leaves, one file each.

A webhook is verified over its raw bytes, and read by what its vendor documents. What may be an exit becomes a
`Resignation` and goes the way of every other; whatever else is sent is answered as ignored, with the reason, so that
the vendor does not send it for ever. Nothing is taken for an exit by guess. Which vendors there are none of, and why,
is in docs/decisions/0031.
"""

from typing import Final

from producers.ems.vendors.bamboohr import BAMBOOHR
from producers.ems.vendors.deel import DEEL
from producers.ems.vendors.hibob import HIBOB
from producers.ems.vendors.merge import MERGE
from producers.ems.vendors.vendor import Leaver, Vendor

__all__ = ["VENDORS", "Leaver", "Vendor"]

VENDORS: Final = {vendor.name: vendor for vendor in (BAMBOOHR, DEEL, HIBOB, MERGE)}
