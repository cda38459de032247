"""What can be said about an HTTP API and its streams in the project file."""

from lakesmith.sources.rest.settings.asking import AskOptions
from lakesmith.sources.rest.settings.errors import ErrorRule
from lakesmith.sources.rest.settings.incremental import IncrementalOptions
from lakesmith.sources.rest.settings.jobs import JobOptions
from lakesmith.sources.rest.settings.paging import PagingOptions
from lakesmith.sources.rest.settings.source import RateOptions, RestOptions, RetryOptions
from lakesmith.sources.rest.settings.stream import ParentOptions, RestStreamOptions

__all__ = [
    "AskOptions",
    "ErrorRule",
    "IncrementalOptions",
    "JobOptions",
    "PagingOptions",
    "ParentOptions",
    "RateOptions",
    "RestOptions",
    "RestStreamOptions",
    "RetryOptions",
]
