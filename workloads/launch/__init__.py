"""Runs benchmarks on hosts over SSH: all workers together, results home, nothing left behind."""
