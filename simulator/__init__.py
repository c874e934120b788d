"""The simulator: closed forms, an engine with a clock, and the traces that it replays."""
