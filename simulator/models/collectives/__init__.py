"""Time of collective communication, by what joins the accelerators.

A collective over ``n`` ranks, ``S`` bytes in the full buffer, takes

    min(A + C / ρ, A' + C) + 2 κ √(A C) / (1 + √(C / (λ A)))

``A`` is latency, hops counted as NCCL counts them; ``C = c(n) · S / B`` is bandwidth. Small
messages go by a protocol with little latency and a fraction ρ of the bandwidth, large ones by
one with latency ``A'`` and all of it, which makes the kink of measured curves (NCCL's LL and
Simple; LL128 between them is not told apart). The √S term is what filling a pipeline costs
where the buffer is cut into the best number of segments, with κ = 1 in theory (Johnsson and
Ho, "Optimum Broadcasting and Personalized Communication in Hypercubes", 1989); segments do
not grow for ever, which bounds it to 2 κ √λ latencies.

``fabric`` says what joins the ranks, ``interconnects`` what was measured of each kind,
``costs`` counts bytes and hops, ``torus`` does so for TPU slices, ``fit`` fits all parameters
to measurements.
"""

from simulator.models.collectives.costs import all_gather_seconds as all_gather_seconds
from simulator.models.collectives.costs import all_reduce_factor as all_reduce_factor
from simulator.models.collectives.costs import all_reduce_seconds as all_reduce_seconds
from simulator.models.collectives.costs import all_to_all_seconds as all_to_all_seconds
from simulator.models.collectives.costs import broadcast_seconds as broadcast_seconds
from simulator.models.collectives.costs import point_to_point_seconds as point_to_point_seconds
from simulator.models.collectives.costs import reduce_scatter_seconds as reduce_scatter_seconds
from simulator.models.collectives.fabric import GENERIC as GENERIC
from simulator.models.collectives.fabric import Fabric as Fabric
from simulator.models.collectives.fabric import Interconnect as Interconnect
from simulator.models.collectives.fabric import hybrid_mesh_share as hybrid_mesh_share
from simulator.models.collectives.fabric import switch_reduces as switch_reduces
from simulator.models.collectives.fabric import torus_of as torus_of
from simulator.models.collectives.interconnects import interconnect_of as interconnect_of
from simulator.models.collectives.torus import (
    torus_all_gather_seconds as torus_all_gather_seconds,
)
from simulator.models.collectives.torus import (
    torus_all_reduce_seconds as torus_all_reduce_seconds,
)
