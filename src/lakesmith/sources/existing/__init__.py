"""Tables that another tool loads into the engine's database: Lakesmith waits for them, watches and models them, and loads nothing."""

from lakesmith.sources.existing.options import ExistingOptions, ExistingStreamOptions
from lakesmith.sources.existing.source import ExistingSource

__all__ = ["ExistingOptions", "ExistingSource", "ExistingStreamOptions"]
