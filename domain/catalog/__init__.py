"""The catalog of facts: accelerators, machines, what they cost where, services, and price lists.

``load_catalog()`` is the one door; every fact behind it has a source and, where known, a date.
"""

from __future__ import annotations

from domain.catalog.lookup import Catalog, load_catalog
from domain.catalog.prices import Prices
from domain.catalog.records import Accelerator, Machine, Offer, ServicePrice, Source, Tier

__all__ = [
    "Accelerator",
    "Catalog",
    "Machine",
    "Offer",
    "Prices",
    "ServicePrice",
    "Source",
    "Tier",
    "load_catalog",
]
