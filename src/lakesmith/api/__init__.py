"""The Python API: the first way in. The command line, the console and Airflow are thin over it."""

from lakesmith.api.project import Project, RunResult, open  # noqa: A004 - `lakesmith.open` reads as it is meant
from lakesmith.api.table import PublishedTable

__all__ = ["Project", "PublishedTable", "RunResult", "open"]
