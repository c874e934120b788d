"""The command line of Windtunnel."""

from importlib.metadata import version

__version__ = version("windtunnel")
