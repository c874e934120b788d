"""Policies: plain functions on what is declared and on what is predicted."""
