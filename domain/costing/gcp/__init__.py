"""Costers of Google Cloud: one module a service, each with its table of types."""
