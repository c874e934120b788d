"""The units of the figures in the tables of services: what a price buys, and plain ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

Measure = Literal[
    "seconds",  # of one thing that runs, or of several added up
    "bytes",
    "byte_seconds",
    "requests",
    "object_seconds",
    "iops_seconds",
    "rate_seconds",  # provisioned bytes per second, times seconds
]

_HOUR = Decimal(3600)
_MONTH = 730 * _HOUR
_GIB = Decimal(2**30)


class BillingUnit(NamedTuple):
    """What one unit of a price is, in the measure of a charge."""

    measure: Measure
    size: Decimal
    label: str


BILLING_UNITS = {
    "usd_per_second": BillingUnit("seconds", Decimal(1), "second"),
    "usd_per_mib": BillingUnit("bytes", Decimal(2**20), "MiB"),
    "usd_per_tib": BillingUnit("bytes", 1024 * _GIB, "TiB"),
    "usd_per_gib_second": BillingUnit("byte_seconds", _GIB, "GiB-second"),
    "usd_per_hour": BillingUnit("seconds", _HOUR, "hour"),
    "usd_per_minute": BillingUnit("seconds", Decimal(60), "minute"),
    "usd_per_vm_hour": BillingUnit("seconds", _HOUR, "VM-hour"),
    "usd_per_capacity_unit_hour": BillingUnit("seconds", _HOUR, "capacity-unit-hour"),
    "usd_per_month": BillingUnit("seconds", _MONTH, "month"),
    "usd_per_gib": BillingUnit("bytes", _GIB, "GiB"),
    "usd_per_gib_month": BillingUnit("byte_seconds", _GIB * _MONTH, "GiB-month"),
    "usd_per_gib_hour": BillingUnit("byte_seconds", _GIB * _HOUR, "GiB-hour"),
    "usd_per_request": BillingUnit("requests", Decimal(1), "request"),
    "usd_per_1000_requests": BillingUnit("requests", Decimal(1000), "1,000 requests"),
    "usd_per_1000_objects_month": BillingUnit(
        "object_seconds", 1000 * _MONTH, "1,000 object-months"
    ),
    "usd_per_iops_month": BillingUnit("iops_seconds", _MONTH, "IOPS-month"),
    "usd_per_mb_per_s_month": BillingUnit("rate_seconds", 10**6 * _MONTH, "MB/s-month"),
}

PLAIN_UNITS = frozenset(
    {
        "bytes_per_second",
        "bytes_per_second_per_tib",
        "count",
        "gib",
        "per_second",
        "percent",
        "seconds",
        "vcpu",
    }
)
"""Of figures of services that are not prices."""
