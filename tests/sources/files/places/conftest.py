"""Places far away, served from this machine: a bucket, a web server, an SFTP server; and the deliveries that lie there."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[3] / "servers")]

from lake_servers import KEYS, serve_objects
from place_servers import SftpServer, WebServer

from lakesmith.model.streams import SourceContext
from lakesmith.sources.files import FilesOptions, FilesSource


class FarDelivery:
    """A delivery whose files lie at a URL; what it loads is read as `Delivery` reads it."""

    def __init__(self, near, root: str, **options) -> None:
        self._near, self.root, self.options = near, root, options
        near.source = self.source
        self.load, self.stream = near.load, near.stream

    def source(self, *streams, **options) -> FilesSource:
        said = FilesOptions(root=self.root, **{**self.options, **options})
        return FilesSource(SourceContext("drops", said, Path("/nowhere"), streams, "lakesmith.yml:3"))


@pytest.fixture(scope="session")
def objects(tmp_path_factory):
    with serve_objects(tmp_path_factory.mktemp("objects")) as server:
        yield server


@pytest.fixture(scope="session")
def storage(objects):
    return {
        "endpoint": objects.endpoint,
        "region": "us-east-1",
        "access_key": KEYS["AWS_ACCESS_KEY_ID"],
        "secret_key": KEYS["AWS_SECRET_ACCESS_KEY"],
    }


@pytest.fixture(scope="session")
def s3(storage):
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=storage["endpoint"],
        region_name="us-east-1",
        aws_access_key_id=storage["access_key"],
        aws_secret_access_key=storage["secret_key"],
    )


@pytest.fixture
def bucket(objects, delivery, storage):
    """A delivery below a prefix of a bucket of its own."""
    far = FarDelivery(delivery, f"s3://{objects.bucket()}/in", storage=storage)
    far.bucket = far.root.split("/")[2]
    return far


@pytest.fixture
def web(delivery, tmp_path):
    with WebServer(tmp_path / "site") as server:
        far = FarDelivery(delivery, server.url)
        far.server = server
        yield far


@pytest.fixture
def sftp(delivery, tmp_path):
    (tmp_path / "home").mkdir()
    with SftpServer(tmp_path / "home") as server:
        storage = {"user": "me", "password": "s3cr3t", "host_key": server.host_key}
        far = FarDelivery(delivery, f"sftp://127.0.0.1:{server.port}/drops", storage=storage)
        far.folder = tmp_path / "home" / "drops"
        far.folder.mkdir()
        yield far
