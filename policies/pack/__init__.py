"""The policy pack of the Pulumi CLI: ``pulumi preview --policy-pack policies``."""
