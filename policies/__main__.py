"""Started by the Pulumi CLI: ``pulumi preview --policy-pack policies``."""

from pathlib import Path

from policies.pack.server import serve

serve(Path(__file__).resolve().parent)
