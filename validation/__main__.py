"""`make validate`: how close the models come to published and exact truth, in one table.

Exits with 1 when a row misses its bar. The figures of each part are printed by the part
itself: ``python -m validation.philly``, ``.pricing``, ``.queueing``,
``.training_accuracy``, ``.collectives``.
"""

from __future__ import annotations

import sys

from validation import (
    Check,
    collectives,
    philly,
    policies,
    pricing,
    print_checks,
    queueing,
    shared_data,
    training_accuracy,
)


def main() -> int:
    """Runs every part; gives the exit code."""
    if not shared_data().is_dir():
        print(f"no shared data in {shared_data()} (set WINDTUNNEL_SHARED)", file=sys.stderr)
        return 2
    checks: list[Check] = []
    for part in (
        policies.run,
        pricing.run,
        philly.run,
        training_accuracy.checks,
        collectives.checks,
        queueing.run,
    ):
        found = part()
        print_checks(found, heading=not checks)
        sys.stdout.flush()
        checks += found
    return int(any(check.passed is False for check in checks))


if __name__ == "__main__":
    sys.exit(main())
