"""Exported models, asked one sample at a time and answered in batches."""
