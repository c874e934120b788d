"""Why a resource costs nothing by itself, in the words of a plan."""

from __future__ import annotations

CONFIGURATION = "a setting of something that is billed itself"
IDENTITY = "identities and permissions are free"
BY_OTHERS = "what it starts is billed, not the resource"
NETWORK = "networks, routes and rules are free"
NOT_OURS = "read, not managed by this stack"
COMPONENT = "it only groups other resources"
FREE_AS_DECLARED = "what is declared here is free"
