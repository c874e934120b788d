"""The rules, a module for each concern."""
