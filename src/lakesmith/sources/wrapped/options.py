"""What can be said about wrapped connectors in the project file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _words(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


Command = Annotated[tuple[str, ...], BeforeValidator(_words), Field(min_length=1)]


class ProgramOptions(BaseModel):
    """What holds for every program that is run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: dict[str, Any] = Field(
        default_factory=dict,
        repr=False,
        description="The connector's own settings, as its documentation says; secrets as `${env:…}`. They reach it in a file that only this user can read.",
    )
    silence_s: float = Field(
        default=3600,
        gt=0,
        description="After how many seconds without a line the program counts as stuck, and is ended.",
    )


class SingerOptions(ProgramOptions):
    """Settings of a source of `type: singer`."""

    tap: Command | None = Field(
        default=None,
        description="The tap: a program with its arguments, from an environment of its own: `.taps/bin/tap-github`.",
    )
    file: str | None = Field(
        default=None,
        min_length=1,
        description="Instead of a tap: a file of messages that one wrote, below the project folder.",
    )
    catalog: str | None = Field(
        default=None,
        min_length=1,
        description="A file with the tap's catalog; the tap is asked (`--discover`) when left out.",
    )
    discovers: bool = Field(
        default=True,
        description="False for a tap that knows no catalog: it sends all it has, and what is not the stream's is left out.",
    )
    catalog_option: Literal["--catalog", "--properties"] = Field(
        default="--catalog", description="How the tap wants its catalog; old ones say `--properties`."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> SingerOptions:
        if (self.tap is None) == (self.file is None):
            raise ValueError("needs a `tap`, or a `file` instead")
        return self


class SingerStreamOptions(BaseModel):
    """Settings of a stream of a tap."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stream: str | None = Field(
        default=None, min_length=1, description="The tap's name of the stream; the stream's own name when left out."
    )
    metadata: dict[str, Any] = Field(
        default_factory=dict,
        description="What the catalog says of the stream besides: `replication-method: INCREMENTAL`, `replication-key: updated_at`.",
    )


class AirbyteOptions(ProgramOptions):
    """Settings of a source of `type: airbyte`."""

    command: Command = Field(
        description="The connector: `.airbyte/bin/source-faker`, or `docker run --rm -i -v {folder}:{folder} airbyte/source-faker:7.2.1`; `{folder}` is where its files are."
    )


class AirbyteStreamOptions(BaseModel):
    """Settings of a stream of a connector."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stream: str | None = Field(
        default=None,
        min_length=1,
        description="The connector's name of the stream; the stream's own name when left out.",
    )
    namespace: str | None = Field(default=None, description="Its namespace, where two streams have the same name.")
    cursor: str | None = Field(
        default=None, min_length=1, description="The field that tells what is new; the connector's own when left out."
    )


class DltOptions(ProgramOptions):
    """Settings of a source of `type: dlt`; `config` are the arguments of the function."""

    resource: str = Field(
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="The function that makes a resource or a source of dlt, or the resource itself, as `module:name`; the project folder is looked in first.",
    )
    python: str | None = Field(
        default=None,
        min_length=1,
        description="The Python of the environment with dlt in it: `.dlt/bin/python`; this one when left out.",
    )


class DltStreamOptions(BaseModel):
    """Settings of a stream of a source of dlt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stream: str | None = Field(
        default=None, min_length=1, description="The resource's name; the stream's own name when left out."
    )
