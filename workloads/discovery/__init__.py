"""Finds the hosts of a deployed stack: its outputs first, then the cloud's own API."""
