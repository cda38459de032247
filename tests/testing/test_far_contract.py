# ruff: noqa: RUF012, ARG002 - contracts are written as in the documentation
"""The files source keeps the contract where files lie in a bucket."""

import urllib.request
import uuid
from pathlib import Path

import pytest

from lakesmith.sources.files import FilesSource
from lakesmith.testing import Records, SourceContract
from lakesmith.testing.torture import bucket
from lakesmith.testing.torture.kinds import KINDS, Made

pytestmark = pytest.mark.skipif(not bucket.may_serve(), reason="no S3 server is installed")
KIND = KINDS["jsonl"]
SECRET = "n0t-t0-be-sh0wn"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with bucket.serve(tmp_path_factory.mktemp("server")) as port:
        yield port


class TestBucket(SourceContract):
    """Two objects, one of which grows, and a third that comes later."""

    source = FilesSource
    stream_options = {"files": "*.jsonl"}
    types = {"id": "long", "price": "double"}
    secret = SECRET
    kills = ((2, "run.load.split_read"),)

    @pytest.mark.long
    def test_crash(self, tmp_path: Path) -> None:
        super().test_crash(tmp_path)

    @pytest.mark.long
    def test_planning_is_light(self, tmp_path: Path) -> None:
        super().test_planning_is_light(tmp_path)

    @pytest.fixture(autouse=True)
    def _at(self, server: int) -> None:
        self.port, self.bucket = server, f"b-{uuid.uuid4().hex}"
        ask(server, "PUT", self.bucket)
        keys = {"access_key": "testing", "secret_key": SECRET, "region": "us-east-1"}
        storage = {"endpoint": f"http://127.0.0.1:{server}", **keys}
        self.options = {"root": f"s3://{self.bucket}/in", "storage": storage}

    def prepare(self, folder: Path) -> Records:
        first = self.put("a", KIND.make(range(30), 99), "a.jsonl:31")
        self.beginning = KIND.make(range(100, 107), None)
        return first + self.put("b", self.beginning)

    def grow(self, folder: Path) -> Records:
        more = KIND.make(range(300, 302), None)
        self.put("b", Made(self.beginning.content + more.content, ()))
        return Records(more.rows) + self.put("c", KIND.make(range(200, 204), 99), "c.jsonl:5")

    def empty(self, folder: Path) -> None:
        """Leave the bucket empty."""

    def spoil(self, folder: Path) -> None:
        for name in ("a", "b"):
            ask(self.port, "DELETE", f"{self.bucket}/in/{name}.jsonl")
        ask(self.port, "DELETE", self.bucket)

    def put(self, name: str, made: Made, *where: str) -> Records:
        bucket.put(self.port, f"s3://{self.bucket}/in/{name}.jsonl", made.content)
        return Records(made.rows, where)


@pytest.mark.long
class TestBucketEverywhere(TestBucket):
    """The same, killed at every point that a source can tell apart."""

    kills = SourceContract.kills


def ask(port: int, method: str, path: str) -> None:
    headers = {"Authorization": bucket.SIGNED}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", method=method, headers=headers)
    urllib.request.urlopen(asked, timeout=10).close()
