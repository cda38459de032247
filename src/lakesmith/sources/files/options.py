"""What can be said about a source of files and its streams in the project file."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from lakesmith.sources.files.formats import FORMATS, name_of_format
from lakesmith.sources.files.settings.csv import CsvSettings
from lakesmith.sources.files.settings.delivery import DeliverySettings
from lakesmith.sources.files.settings.excel import ExcelSettings
from lakesmith.sources.files.settings.fixed import FixedSettings
from lakesmith.sources.files.settings.json import JsonSettings
from lakesmith.sources.files.settings.logs import LogSettings
from lakesmith.sources.files.settings.packed import PackedSettings
from lakesmith.sources.files.settings.place import StorageSettings
from lakesmith.sources.files.settings.xml import XmlSettings


class FilesOptions(BaseModel):
    """Settings of a source of `type: files`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: str = Field(
        default=".",
        min_length=1,
        description=(
            "The folder that the patterns of the streams start from. A relative folder starts from the project folder. Or a place "
            "far away: `s3://bucket/prefix`, `gs://…`, `az://container/prefix`, `http(s)://…` (files by their whole names, or as "
            "`index` lists them), `sftp://user@host/folder`."
        ),
    )
    index: str | None = Field(
        default=None,
        min_length=1,
        description="HTTP: a text file below `root` with the name of one file per line, relative to `root`: what patterns with wildcards look through.",
    )
    storage: StorageSettings = Field(default=StorageSettings(), description="How a place far away is reached.")


class FileStreamOptions(
    CsvSettings, DeliverySettings, ExcelSettings, FixedSettings, JsonSettings, LogSettings, PackedSettings, XmlSettings
):
    """Settings of one file family: which files, in which format, and how that is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: str | list[str] = Field(
        min_length=1,
        description=(
            "One pattern or a list of them, relative to `root`. `*` stands for any part of a name, `**` for any number of folders, "
            "`?` for one character, `{date}` for a day written YYYY-MM-DD, `{date:%Y%m%d}` or `{date:%Y/%m/%d}` for one written "
            "otherwise. Files are read by day, then in the order of the patterns, then by name, or as `order` says. Names that "
            "begin with a dot are matched only by patterns that write the dot."
        ),
    )
    format: str | None = Field(
        default=None,
        description="How the files are written. Default: by suffix ("
        + "; ".join(f"{', '.join(known.suffixes)}: {name}" for name, known in FORMATS.items() if known.suffixes)
        + ").",
        json_schema_extra={"enum": [*FORMATS, None]},
    )

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: str | None) -> str | None:
        if value is not None and value not in FORMATS:
            raise ValueError(f"unknown format; known are {', '.join(FORMATS)}")
        return value

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns, in the order they were written."""
        return (self.files,) if isinstance(self.files, str) else tuple(self.files)

    def format_of(self, name: str) -> str | None:
        """Return the format of the file `name`: the one that was set, else by suffix; None if the suffix says nothing."""
        return self.format or name_of_format(name)

    def format_within(self, origin: str) -> str | None:
        """Return the format of what rows are called after: a file, a member of an archive, a sheet of a workbook; None if nothing tells."""
        parts = origin.split("/")
        names = ("/".join(parts[:size]) for size in range(len(parts), 0, -1))
        return next((format_ for format_ in map(self.format_of, names) if format_ in FORMATS), None)
