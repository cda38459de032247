"""The Python API: the first way in. The command line, the console and Airflow are thin over it."""

from lakesmith.api.project import Project, open  # noqa: A004 - `lakesmith.open` reads as it is meant
from lakesmith.api.result import RunResult
from lakesmith.api.table import PublishedTable

__all__ = ["Project", "PublishedTable", "RunResult", "open"]
