"""The keys of lakesmith.yml that are Lakesmith's own: one table for validation, the editor's schema and the reference page.

Keys that are not here belong to a connector, an engine or a publisher, and are described by its `Options`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from lakesmith.model.places import CATALOG_KINDS, LAKE_SCHEMES, scheme_of
from lakesmith.model.spellings import parse_spelling
from lakesmith.model.types import SCALARS
from lakesmith.project.faults import nearest, spell_list
from lakesmith.project.times import check_cron, check_time, check_timezone, parse_duration

FORMAT_VERSION = 1
IDENTIFIER = r"[a-z][a-z0-9_]{0,62}"
PLACEHOLDERS = ("name", "date", "target", "run")

DECIMAL = re.compile(r"decimal\(\s*([1-9]|[12]\d|3[0-8])\s*,\s*(\d{1,2})\s*\)")
_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


def check_identifier(name: str) -> str:
    """Return a name as it is.

    Raises:
        ValueError: If it is not lower case letters, digits and underscores, led by a letter, 63 characters at most.
    """
    if not re.fullmatch(IDENTIFIER, name):
        raise ValueError(
            "should be lower case letters, digits and _, start with a letter and have 63 characters at most"
        )
    return name


def check_type(text: str) -> str:
    """Return the name of a type without parts as it is.

    Raises:
        ValueError: If it is none.
    """
    decimal = DECIMAL.fullmatch(text)
    if text not in SCALARS and not (decimal and int(decimal[2]) <= int(decimal[1])):
        raise ValueError(f"is not a type: {spell_list(SCALARS)} or decimal(18, 2){nearest(text, SCALARS)}")
    return text


def check_format(text: str) -> str:
    """Return the format of a column's texts as it is.

    Raises:
        ValueError: If it is no example of a number, a day, a time or a pair of words.
    """
    parse_spelling(text)
    return text


def _check_template(text: str) -> str:
    for match in _BRACES.finditer(text):
        if match[1] is None:
            raise ValueError("has a brace without its partner")
        if match[1] not in PLACEHOLDERS:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise ValueError(
                f"has an unknown placeholder {{{match[1]}}}, known are {known}{nearest(match[1], PLACEHOLDERS)}"
            )
    return text


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _refuse_boolean(value: Any) -> Any:
    if isinstance(value, bool):  # Python takes True for 1
        raise ValueError("should be 1")  # noqa: TRY004 - pydantic listens to ValueError
    return value


def _check_key(columns: tuple[str, ...]) -> tuple[str, ...]:
    if not columns:
        raise ValueError("names no column")
    if len(set(columns)) != len(columns):
        raise ValueError("names a column twice")
    return columns


_TEXT_SCHEMA = {"type": "string"}
Identifier = Annotated[
    str, AfterValidator(check_identifier), WithJsonSchema(_TEXT_SCHEMA | {"pattern": f"^{IDENTIFIER}$"})
]
Text = Annotated[str, Field(min_length=1)]
Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), WithJsonSchema(_TEXT_SCHEMA | {"pattern": r"^\s*\d+\s*[smhdw]\s*$"})
]
Cron = Annotated[str, AfterValidator(check_cron)]
TimeOfDay = Annotated[str, AfterValidator(check_time), WithJsonSchema(_TEXT_SCHEMA | {"pattern": r"^\d\d:\d\d$"})]
TimeZone = Annotated[str, AfterValidator(check_timezone)]
ColumnType = Annotated[str, AfterValidator(check_type)]
ColumnFormat = Annotated[str, AfterValidator(check_format)]
PathTemplate = Annotated[Text, AfterValidator(_check_template)]
Columns = Annotated[
    tuple[Text, ...],
    BeforeValidator(_as_tuple),
    AfterValidator(_check_key),
    WithJsonSchema({"anyOf": [_TEXT_SCHEMA, {"type": "array", "items": _TEXT_SCHEMA, "minItems": 1}]}),
]
Mode = Literal["append", "dedupe", "replace", "cdc"]
OnDrift = Literal["evolve", "freeze", "quarantine", "ignore"]


class Settings(BaseModel):
    """Part of the project file: frozen, and without room for keys nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Schedule(Settings):
    """When runs start, and when readers can rely on them."""

    cron: Cron | None = Field(default=None, description='When a run starts, as a cron line: `"0 6 * * *"`, `@daily`.')
    every: Duration | None = Field(
        default=None, description="How long from one start to the next: `30m`, `2h`. Instead of `cron`."
    )
    timezone: TimeZone = Field(default="UTC", description="The time zone of `cron` and `ready_by`.")
    ready_by: TimeOfDay | None = Field(
        default=None, description="The promise to readers: fresh by this time of day, `07:30`."
    )
    catch_up: Literal["last", "all", "none"] = Field(
        default="last",
        description=(
            "What becomes of starts while `lakesmith up` was down: `last` runs the newest of them, `all` one after the other, `none` none."
        ),
    )
    retries: int = Field(
        default=2, ge=0, le=20, description="How often a start is tried again whose errors may go away by themselves."
    )
    retry_after: Duration = Field(
        default=timedelta(minutes=5),
        description="How long to wait before the first new try; twice as long before each further one.",
    )

    @model_validator(mode="after")
    def _one_rhythm(self) -> Schedule:
        if (self.cron is None) == (self.every is None):
            raise ValueError("takes either `cron` or `every`")
        return self


class Pipeline(Settings):
    """A part of the project with a rhythm of its own."""

    select: Text = Field(description="What it runs, in dbt's selection grammar: `source:app.orders+`.")
    exclude: Text | None = Field(default=None, description="What it leaves out, in the same grammar.")
    schedule: Schedule | None = Field(default=None, description="Its rhythm; the project's when left out.")


class Column(Settings):
    """What to do with one column."""

    type: ColumnType | None = Field(
        default=None, description="Pin the type instead of inferring it: `date`, `decimal(18, 2)`."
    )
    format: ColumnFormat | None = Field(
        default=None,
        description=(
            "How the source writes the values of a column of text, as an example that always means 1234.56, 31 December 2024 or "
            "23:59: `1.234,56 €`, `12/31/2024 11:59 PM`, `31.12.24`, `yes/no`. Pins the type too, unless `type` says another."
        ),
    )
    mask: Literal["hash", "drop"] | None = Field(
        default=None, description="`hash`: keep only a hash of the value. `drop`: do not load the column."
    )
    salt: Text | None = Field(
        default=None, description="A secret that goes into the hash, as a reference: `${env:SALT}`."
    )
    on_drift: OnDrift | None = Field(
        default=None, description="What to do when this column changes; the stream's when left out."
    )


def limit_of(settings: StreamSettings | SourceSettings | None) -> float | None:
    """Return how many rejects stop a load: a count, or a share below 1; None where nothing is said.

    Raises:
        ValueError: If both are given.
    """
    if settings is None or settings.max_rejects is None:
        return settings.max_rejects_share if settings else None
    if settings.max_rejects_share is not None:
        raise ValueError("takes either `max_rejects` or `max_rejects_share`")
    return float(settings.max_rejects)


class StreamSettings(Settings):
    """One stream; all other keys of a stream are its connector's."""

    mode: Mode | None = Field(
        default=None,
        description=(
            "`append`: every record is a row. `dedupe`: the same, with a key. `replace`: each load is the whole table, built aside "
            "and swapped in. `cdc`: see the source."
        ),
    )
    key: Columns | None = Field(
        default=None, description="The column, or columns, that identify a record. Needed for `dedupe`."
    )
    history: bool = Field(
        default=False,
        description=(
            "`replace` with a `key`: keep every load as rows, and add a row with `_ls_op = 'd'` for each key that vanished, instead "
            "of swapping the table."
        ),
    )
    on_drift: OnDrift | None = Field(
        default=None, description="What to do when the shape of the source changes; `evolve` when left out."
    )
    columns: dict[Text, Column] = Field(default_factory=dict, description="Settings of single columns, by name.")
    max_rejects: int | None = Field(
        default=None, ge=0, description="Load nothing when more rows than this would wait in quarantine."
    )
    max_rejects_share: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="The same as a share of the rows read, such as `0.01`; instead of `max_rejects`.",
    )

    @model_validator(mode="after")
    def _one_limit(self) -> StreamSettings:
        limit_of(self)
        return self


class SourceSettings(Settings):
    """One source; all other keys of a source are its connector's."""

    type: Text = Field(description="The connector: one of the installed source types.")
    streams: Any = Field(
        default=None,
        description="The streams to load: a mapping from name to settings, or a list of names where none are needed.",
    )
    mode: Mode | None = Field(default=None, description="The mode of all streams that say nothing else.")
    on_drift: OnDrift | None = Field(default=None, description="The drift policy of all streams that say nothing else.")
    max_rejects: int | None = Field(
        default=None, ge=0, description="`max_rejects` of all streams that name no limit themselves."
    )
    max_rejects_share: float | None = Field(
        default=None, ge=0, lt=1, description="`max_rejects_share` of all streams that name no limit themselves."
    )
    columns: dict[Text, Column] = Field(
        default_factory=dict, description="Settings of single columns, as `stream.column`."
    )

    @model_validator(mode="after")
    def _one_limit(self) -> SourceSettings:
        limit_of(self)
        return self


class PublishSettings(Settings):
    """One set of tables to write out; all other keys are its publisher's."""

    select: Text = Field(description="Which tables, in dbt's selection grammar: `marts`, `tag:report`.")
    format: Text = Field(description="The publisher: one of the installed formats.")
    path: PathTemplate | None = Field(
        default=None,
        description="Which folder, with `{name}`, `{date}`, `{target}` and `{run}` filled in; has to be given where the format writes files.",
    )
    targets: tuple[Identifier, ...] | None = Field(
        default=None,
        description="Which targets publish it; all when left out, but into a database only those that load: not a `dev` on the bronze of `prod`.",
    )


class StorageSettings(Settings):
    """How the bucket of a lake is reached; what is left out comes from the environment, as the store's own tools have it."""

    endpoint: Text | None = Field(
        default=None, description="The store's address if it is not the cloud's own, such as `minio.example.com:9000`."
    )
    region: Text | None = Field(default=None, description="The region of an S3 bucket; `AWS_REGION` when left out.")
    account: Text | None = Field(default=None, description="The storage account of an `az://` lake.")
    anonymous: bool = Field(default=False, description="Read a public bucket without any key.")
    access_key: Text | None = Field(
        default=None, description="The S3 access key, as a reference; `AWS_ACCESS_KEY_ID` when left out."
    )
    secret_key: Text | None = Field(
        default=None,
        description="The S3 secret key or the Azure account key, as a reference; `AWS_SECRET_ACCESS_KEY` when left out.",
    )
    session_token: Text | None = Field(
        default=None, description="The token of temporary S3 keys, as a reference; `AWS_SESSION_TOKEN` when left out."
    )

    @model_validator(mode="after")
    def _whole_keys(self) -> StorageSettings:
        if self.anonymous and (self.access_key or self.secret_key):
            raise ValueError("takes either keys or `anonymous`")
        if self.access_key and not self.secret_key:
            raise ValueError("has an `access_key` without its `secret_key`")
        return self


def _check_lake(text: str) -> str:
    scheme = scheme_of(text)
    if not scheme and "://" not in text:
        return text
    if scheme not in LAKE_SCHEMES:
        raise ValueError("should be a folder of the project, or start with s3://, gs:// or az://")
    bucket, _, prefix = text.partition("://")[2].partition("/")
    if not bucket or not re.fullmatch(r"[A-Za-z0-9._~/=+-]*", f"{bucket}/{prefix}"):
        raise ValueError("should be a bucket and a plain path in it: letters, digits and . _ - / = + ~")
    return text.rstrip("/")


def _check_catalog(text: str) -> str:
    kind = CATALOG_KINDS.get(scheme_of(text))
    if kind is None:
        raise ValueError(
            "should be the URL of a catalog: postgresql://…, sqlite:///path, glue://REGION or rest+https://…"
        )
    if kind == "sqlite" and not text.startswith("sqlite:///"):
        raise ValueError("should have three slashes before a path in the project, four before an absolute one")
    return text


Lake = Annotated[Text, AfterValidator(_check_lake)]
Catalog = Annotated[Text, AfterValidator(_check_catalog)]


class TargetSettings(Settings):
    """One target; all other keys are its engine's."""

    engine: Text = Field(default="duckdb", description="Where dbt runs and readers look: one of the installed engines.")
    lake: Lake = Field(
        default="lake",
        description="Where bronze lives: a folder of the project, or a bucket: `s3://acme-lake/bronze`, `gs://…`, `az://…`.",
    )
    catalog: Catalog | None = Field(
        default=None,
        description="The lake catalog's URL, as a reference where it holds a password: `postgresql://…`, `sqlite:///path`, `glue://REGION`, "
        "or the address of a REST server after `rest+`; `?catalog=NAME` where several lakes share one. A SQLite file in the lake when left out; a bucket needs one.",
    )
    storage: StorageSettings | None = Field(default=None, description="How the bucket of `lake` is reached.")
    bronze: Identifier | None = Field(
        default=None, description="Read the bronze of this other target instead of an own one."
    )
    ingest: bool | None = Field(default=None, description="Whether this target loads; true, and false with `bronze`.")
    sample: Duration | None = Field(
        default=None,
        description="Build from the newest part of bronze only, such as `30d`: what was loaded in the 30 days up to each table's newest load.",
    )


class ProjectSettings(Settings):
    """lakesmith.yml as a whole."""

    version: Annotated[Literal[1], BeforeValidator(_refuse_boolean)] = Field(
        description="The version of this file's format: 1."
    )
    name: Identifier = Field(description="The project's name.")
    schedule: Schedule | None = Field(default=None, description="When the project runs.")
    pipelines: dict[Identifier, Pipeline] = Field(default_factory=dict, description="Parts with a rhythm of their own.")
    sources: dict[Identifier, Any] = Field(default_factory=dict, description="The systems to read, by name.")
    monitor: Any = Field(default=None, description="How runs and tables are watched.")
    alerts: Any = Field(default=None, description="Whom to tell when something needs a person.")
    publish: dict[Identifier, Any] = Field(
        default_factory=dict, description="What to write out after the tests passed, by name."
    )
    default_target: Identifier = Field(default="local", description="The target of commands that name none.")
    targets: dict[Identifier, Any] = Field(
        default_factory=dict, description="Where to load and build, by name. `local` always exists."
    )
