"""Questions to the simulator: one scenario, several side by side, or a choice."""
