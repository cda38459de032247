"""Collections of a MongoDB server."""

from lakesmith.sources.mongodb.options import MongoOptions, MongoStreamOptions
from lakesmith.sources.mongodb.source import MongoSource

__all__ = ["MongoOptions", "MongoSource", "MongoStreamOptions"]
