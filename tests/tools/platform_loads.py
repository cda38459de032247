"""A project on a platform's server, loaded as a person loads it, and what its bronze tables hold afterwards."""

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml
from pyiceberg.table import StaticTable

import lakesmith
from lakesmith.errors import LakesmithError
from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.serving import Answer, ApiServer, Asked

GIVEN_OUT = re.compile(rb"access-\d+-of-this-run")
SECRET = {"token", "access_token", "client_secret", "refresh_token", "app_secret"}


class Project:
    """A project of one source, `api`, whose secrets come from the environment file and may be nowhere else afterwards."""

    def __init__(self, root: Path, type_: str, streams: dict[str, Any]) -> None:
        self.root, self.type, self.streams = root, type_, streams
        self.secrets: set[str] = set()
        self.loads: dict[str, Any] = {}

    def reach(self, server: ApiServer, **settings: Any) -> "Project":
        """Write the project file of a source that reads what a server has; settings that are None are left out."""
        told = {name: value for name, value in (server.platform.settings(server.url) | settings).items() if value}
        hidden = {name: str(told[name]) for name in SECRET & set(told)}
        self.secrets |= set(hidden.values())
        source = {
            "type": self.type,
            "allow_hosts": ["127.0.0.1"],
            "rate": {"requests": 10_000, "per_s": 1},
            "retries": {"first_s": 0.001, "longest_s": 0.01},
            **told,
            **{name: f"${{env:{name.upper()}}}" for name in hidden},
            "streams": self.streams,
        }
        project = {"version": 1, "name": "acme", "sources": {"api": source}}
        (self.root / "lakesmith.yml").write_text(yaml.safe_dump(project, sort_keys=False))
        (self.root / ".env").write_text("".join(f"{name.upper()}={value}\n" for name, value in hidden.items()))
        return self

    def run(self) -> list[LakesmithError]:
        """Load; return what went wrong. Whatever did, rows obey their law, and no credential is written down."""
        outcome = lakesmith.open(self.root).run().outcome
        self.loads = {load.stream.name: load for load in outcome.loads}
        for load in outcome.loads:
            counts = load.counts
            assert counts.read == counts.written + counts.quarantined + counts.filtered
        errors = [error for _, error in outcome.errors]
        self.look_for_secrets("\n".join(map(str, errors)))
        return errors

    def check(self) -> list[Any]:
        """Return what `lakesmith check` says."""
        findings = lakesmith.open(self.root).check()
        self.look_for_secrets(repr(findings))
        return findings

    def look_for_secrets(self, told: str) -> None:
        """See that no credential was left behind, in the lake or anywhere else."""
        files = [path for path in self.root.rglob("*") if path.is_file() and path.name != ".env"]
        for content in (told.encode(), *(path.read_bytes() for path in files)):
            assert not GIVEN_OUT.search(content)
            assert not [secret for secret in self.secrets if secret.encode() in content]

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """Return all rows of a bronze table in their order, read from its Parquet files: pyiceberg makes empty lists of missing ones."""
        told = sorted(self.root.glob(f"lake/**/{stream}/metadata/*.metadata.json"))
        tasks = StaticTable.from_metadata(str(told[-1])).scan().plan_files() if told else ()
        paths = [task.file.file_path.removeprefix("file://") for task in tasks]
        return sorted(
            (row for path in paths for row in pq.read_table(path).to_pylist()), key=lambda row: row["_ls_seq"]
        )

    def current(self, stream: str, *key: str) -> dict[Any, dict[str, Any]]:
        """Return the newest row of each key, without system columns and what is null."""
        newest = {tuple(row[name] for name in key): row for row in self.rows(stream)}
        return {
            of if len(key) > 1 else of[0]: {
                name: value for name, value in row.items() if not name.startswith("_ls_") and value is not None
            }
            for of, row in newest.items()
        }


class Elsewhere:
    """Another host, which answers whatever it is asked with good JSON that says nothing."""

    faults: frozenset[str] = frozenset()

    def answer(self, _asked: Asked) -> Answer:
        return Answer.json({})


def sent_elsewhere(project: Project, server: ApiServer, route: str, **settings: Any) -> list[LakesmithError]:
    """Load while every request of a route is sent to another host; return what went wrong. No credential may get there."""
    with ApiServer(Elsewhere()) as other:
        project.reach(server, **settings)
        server.spoil(Fault("redirect", route, to=f"{other.url}/else"))
        errors = project.run()
        server.spoil()
        assert other.heard
        for heard in other.heard:
            said = f"{heard.asked.headers} {heard.asked.query} {heard.asked.body!r}"
            assert not GIVEN_OUT.search(said.encode())
            assert not [secret for secret in project.secrets if secret in said]
    return errors
