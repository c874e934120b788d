from __future__ import annotations

import sys

from pulumi.provider.experimental.server import main

from standin.answers import ANSWERS
from standin.cloud import StandIn

if __name__ == "__main__":
    provider, version, *rest = sys.argv[1:]
    sys.argv[1:] = rest  # the SDK reads the engine's address from here
    main(rest, version, StandIn(ANSWERS[provider]))
