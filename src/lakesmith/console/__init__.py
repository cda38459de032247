"""The console: pages over a project's record, served on this machine alone, to whoever holds its key."""

from lakesmith.console.serving import new_link, serve, serving

__all__ = ["new_link", "serve", "serving"]
