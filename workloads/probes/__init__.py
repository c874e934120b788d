"""Short probes of a host: what its accelerator, memory, network and storage really do."""
