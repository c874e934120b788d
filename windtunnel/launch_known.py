"""Whether the catalog knows what a hosts file says that its hosts are, asked before they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from domain.catalog import Catalog
from domain.errors import CatalogError
from domain.hosts import Host, HostCheck

if TYPE_CHECKING:
    from simulator.study.calibrated import Calibrated


def host_check(
    catalog: Catalog, calibrated: Calibrated, told: Callable[[str], None], *, probes: bool
) -> HostCheck:
    """A check of one host for ``read_hosts``.

    A cloud has no machine that the catalog has never heard of, but anybody may have an
    accelerator that it has not: only a misspelt one is refused, and not where ``probes`` are
    launched, since they are how it gets known.

    Args:
        catalog: what is known to everybody.
        calibrated: knows accelerators that the user described or probed.
        told: hears once of each accelerator that nobody knows.
        probes: whether the launch is one of probes.
    """
    own = {*calibrated.accelerators, *calibrated.probed}
    everything = catalog.with_accelerators(calibrated.accelerators.values())
    strange: set[str] = set()

    def check(host: Host, place: Callable[[str], str]) -> None:
        if host.provider != "custom" and host.machine is not None:
            try:
                catalog.machine(host.provider, host.machine)
            except CatalogError as error:
                raise error.at(place("machine")) from None
        choice = host.accelerator
        if choice is None:
            return
        if not isinstance(choice, str):
            if choice.id not in own:
                try:
                    catalog.resolved_accelerator(choice)
                except CatalogError as error:
                    raise error.at(place("accelerator")) from None
            return
        if choice in own:
            return
        try:
            everything.accelerator(choice)
        except CatalogError as error:
            if "did you mean" in error.message and not probes:
                raise CatalogError(
                    f"{error.message} If it is another one, describe it here (accelerator: {{id: "
                    "…, peak_flops: …, memory_bandwidth: …}), as 'windtunnel launch probes' does",
                    where=place("accelerator"),
                ) from None
            if choice not in strange:
                strange.add(choice)
                remedy = "" if probes else "; describe it, or launch probes first"
                told(
                    f"{place('accelerator')}: nobody knows '{choice}' yet, so that nothing is "
                    f"predicted of it{remedy}"
                )

    return check
