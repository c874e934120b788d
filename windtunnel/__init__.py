"""The command line of Windtunnel."""
