"""Samples: generated so that they can be learnt, or read from folders and TFRecord files."""
