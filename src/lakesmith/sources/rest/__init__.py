"""HTTP APIs, as the project file describes them."""

from lakesmith.sources.rest.options import RestOptions, RestStreamOptions
from lakesmith.sources.rest.source import RestSource

__all__ = ["RestOptions", "RestSource", "RestStreamOptions"]
