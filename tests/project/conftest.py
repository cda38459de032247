"""Small plug-ins, and a project folder, so that the project file can be tested without any real connector."""

import textwrap
from typing import ClassVar, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from lakesmith.errors import ProjectFileError
from lakesmith.host import Host
from lakesmith.project import load_project
from lakesmith.project.connectors import Connectors


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Retry(Strict):
    attempts: int = 3
    wait: float = Field(default=1.0, gt=0)


class ShopSource:
    modes: ClassVar[tuple[str, ...]] = ("append", "dedupe")

    class Options(Strict):
        """A shop."""

        url: str | None = Field(default=None, description="Where the shop is.")
        port: int = Field(default=80, ge=1, le=65535, description="Its port.")
        password: str | None = None
        retry: Retry = Retry()
        verify: bool = True

        @field_validator("url")
        @classmethod
        def _scheme(cls, url):
            if url is not None and "://" not in url:
                raise ValueError(f"{url} is no URL")
            return url

    class StreamOptions(Strict):
        """A table of a shop."""

        files: str | list[str] | None = Field(default=None, description="Paths.")
        filter_: dict | None = Field(default=None, alias="filter", description="What to keep.")
        format: Literal["csv", "json"] = "csv"
        token: str | None = None


class ReplicaSource(ShopSource):
    modes = ("append", "dedupe", "replace", "cdc")
    finds_keys = True
    own_key = ("_id_key",)


class PlatformSource(ShopSource):
    default_mode = "append"

    @classmethod
    def stream_defaults(cls, name):
        return {"mode": "dedupe", "key": ["id"], "columns": {"spend": {"type": "long"}}} if name == "days" else {}


class LegacySource:
    needs_streams = False

    class Options(Strict):
        model_config = ConfigDict(protected_namespaces=())
        database: str

    class StreamOptions(Strict):
        pass


class Duck:
    class Options(Strict):
        threads: int | None = Field(default=None, ge=1, description="Threads.")


class Parquet:
    class Options(Strict):
        compression: Literal["snappy", "zstd"] = "zstd"


class Csv:
    class Options(Strict):
        delimiter: str = ","


def make_fakes(**sources):
    return Connectors(
        {
            "lakesmith.sources": {"shop": ShopSource, "replica": ReplicaSource, "legacy": LegacySource, **sources},
            "lakesmith.engines": {"duckdb": Duck},
            "lakesmith.publishers": {"parquet": Parquet, "csv": Csv},
        }
    )


class Folder:
    """A project folder whose file is written and loaded in one call."""

    def __init__(self, root):
        self.root, self.host = root, Host()

    def write(self, text, name="lakesmith.yml"):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())

    def load(self, text=None, connectors=None, **environ):
        if text is not None:
            self.write(text)
        return load_project(self.root, host=self.host, connectors=connectors or make_fakes(), environ=environ)

    def faults(self, text=None, connectors=None, **environ):
        with pytest.raises(ProjectFileError, match=r"^The project file has (a fault|[0-9]+ faults):\n") as caught:
            self.load(text, connectors, **environ)
        assert caught.value.__context__ is None, "a pydantic error behind ours would show values in a traceback"
        return str(caught.value).splitlines()[1:]


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


@pytest.fixture
def fakes():
    return make_fakes


@pytest.fixture
def platform():
    return PlatformSource
