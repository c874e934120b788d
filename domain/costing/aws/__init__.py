"""Costers of AWS: one module a service, each with its table of types."""
