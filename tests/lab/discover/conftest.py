"""The command line, as its own tests call it."""

from tests.cli.conftest import home, prober, server

__all__ = ["home", "prober", "server"]
