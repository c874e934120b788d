"""Provider plugins that stand in for AWS and GCP, so that a real Pulumi CLI runs without a cloud.

``python -m standin aws 7.51.1 ADDRESS`` is what the CLI starts as ``pulumi-resource-aws``.
They keep nothing: what a resource is like follows from its inputs and its id, which the CLI
keeps in its state.
"""
