"""Data sets, a database that gets them, and what others see there."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import psycopg

from lakesmith.model.plans import Dataset
from lakesmith.run.publishers.postgres import PostgresPublisher

WORKER = """
import json, sys
from lakesmith.model.plans import Dataset
from lakesmith.run.publishers.postgres import PostgresPublisher
told = json.loads(sys.argv[1])
publisher = PostgresPublisher(PostgresPublisher.Options(**told["options"]))
data = Dataset("mart_a", "marts", tuple(told["files"]), 0, built_at=told["built_at"])
publisher.publish(data, publisher.place(data))
"""


@dataclass
class Outbox:
    url: str
    folder: Path
    made: int = 0
    options: dict = field(default_factory=dict)

    def dataset(self, query, name="mart_a", **more):
        """Return what a DuckDB query gives as a data set, built later than the one before."""
        self.made += 1
        file = self.folder / f"v{self.made}.parquet"
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
        return Dataset(name, "marts", (str(file),), 0, built_at=f"2026-01-01T00:00:{self.made:02d}Z", **more)

    def settings(self, **options):
        return {"url": self.url, **self.options, **options}

    def publisher(self, **options):
        return PostgresPublisher(PostgresPublisher.Options(**self.settings(**options)))

    def send(self, data, **options):
        """Publish; return the rows of the table, and whether anything was sent."""
        if isinstance(data, str):
            data = self.dataset(data)
        publisher = self.publisher(**options)
        return publisher.publish(data, publisher.place(data))

    def send_apart(self, data, environ, **options):
        """Publish in a process of its own; return how it ended."""
        told = {"options": self.settings(**options), "files": data.files, "built_at": data.built_at}
        command = [sys.executable, "-c", WORKER, json.dumps(told)]
        return subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)

    def ask(self, query, **settings):
        with psycopg.connect(self.url, autocommit=True) as connection:
            for name, value in settings.items():
                connection.execute(f"set {name} = {value}")
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else None

    def rows(self, table="mart_a"):
        return sorted(self.ask(f"select * from {table}"), key=repr)
