"""One training loop for every benchmark, on one accelerator or on many hosts."""
