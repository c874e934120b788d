"""From declared resources to priced line items.

One module a service holds its costers: plain functions that say what a resource uses, as
records of ``domain.usage``. The registry finds them by type, ``plan`` prices them together.
"""

from __future__ import annotations

from domain.costing.plan import Basis, Plan, ResourceCost, cost_graph
from domain.costing.quantities import Quantities

__all__ = ["Basis", "Plan", "Quantities", "ResourceCost", "cost_graph"]
