"""Files as a source: CSV and combined web-server logs below a local folder."""

from lakesmith.sources.files.options import FilesOptions, FileStreamOptions
from lakesmith.sources.files.source import FilesSource

__all__ = ["FileStreamOptions", "FilesOptions", "FilesSource"]
