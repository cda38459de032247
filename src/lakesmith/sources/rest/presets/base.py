"""What presets have in common: a page of YAML, filled with the options of a source, under what the project file says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

from pydantic import Field, SecretStr, ValidationError

from lakesmith.errors import ConnectorOptionsError
from lakesmith.model.streams import SourceContext, StreamSpec
from lakesmith.sources.rest.flow.places import filled
from lakesmith.sources.rest.options import RateOptions, RestOptions, RestStreamOptions, RetryOptions
from lakesmith.sources.rest.settings.part import Part, Text, Texts
from lakesmith.sources.rest.source import RestSource

OWN = ("mode", "key", "columns", "history", "on_drift")
"""Keys of a stream that are the project's, not ours."""


class Preset(Part):
    """Settings that all presets have."""

    base_url: Text | None = Field(
        default=None, description="The address that paths start from, if not the platform's own."
    )
    allow_hosts: Texts = Field(
        default=(), description="Hosts in private networks, or on this machine, that may be reached."
    )
    rate: RateOptions | None = Field(
        default=None, description="How fast the API may be asked, if not as fast as it allows."
    )
    retries: RetryOptions | None = Field(default=None, description="What is done about faults that pass.")


class PresetStreamOptions(RestStreamOptions):
    """What the project file says of a stream of a platform: only what deviates from what is known of it."""

    paging: dict[str, Any] | None = Field(  # type: ignore[assignment]  # parts of it, joined with what is known
        default=None, description="What is different about how the next page is asked for."
    )
    incremental: dict[str, Any] | None = Field(  # type: ignore[assignment]
        default=None, description="What is different about which part is asked for: `{look_back: 7d}`."
    )
    parent: dict[str, Any] | None = Field(  # type: ignore[assignment]
        default=None, description="What is different about the stream whose records this one belongs to."
    )
    jobs: dict[str, Any] | None = Field(  # type: ignore[assignment]
        default=None, description="What is different about the report that is ordered: `{give_up_min: 300}`."
    )


class PresetSource(RestSource):
    """A platform whose API, streams, keys and errors are known: `preset` names the page of YAML beside the class."""

    Options: ClassVar[type[Any]] = Preset
    StreamOptions: ClassVar[type[Any]] = PresetStreamOptions
    default_mode: ClassVar[str] = "dedupe"
    finds_keys: ClassVar[bool] = True
    preset: ClassVar[str] = ""

    def __init__(self, context: SourceContext, *around: Any, **more: Any) -> None:
        super().__init__(context, *around, **more)
        self._described: dict[str, RestStreamOptions] = {}

    @classmethod
    def stream_defaults(cls, name: str) -> Mapping[str, Any]:
        """Return what the project file need not say of a stream of that name: its mode, key and columns."""
        page = page_of(cls.preset)
        known = _joined(page.get("defaults", {}), page.get("streams", {}).get(name) or page.get("any") or {})
        return {key: value for key, value in known.items() if key in OWN}

    def template(self, stream: StreamSpec) -> str:
        """Return the name of the part of the page that a stream is made of; one that is not there is made of `any`."""
        return stream.id.name

    def places(self, stream: StreamSpec) -> Mapping[str, Any]:  # noqa: ARG002 - for presets
        """Return values for places in the page, about this stream alone."""
        return {}

    def api(self) -> RestOptions:
        """Return what there is to know of the API as a whole.

        Raises:
            ConnectorOptionsError: If the page and the options make no sense together.
        """
        options = self.context.options
        said = filled(page_of(self.preset)["api"], _Known(options), strict=False)
        for name in ("base_url", "rate", "retries"):
            value = getattr(options, name)
            if value is not None:
                said[name] = value
        said["allow_hosts"] = options.allow_hosts
        made: RestOptions = _made(RestOptions, said, self.context.where)
        return made

    def described(self, stream: StreamSpec) -> RestStreamOptions:
        """Return what there is to know of a stream: the page, and over it what the project file says.

        Raises:
            ConnectorOptionsError: If the platform has no such stream.
        """
        name = str(stream.id)
        if name not in self._described:
            self._described[name] = self._describe(stream)
        return self._described[name]

    def key_of(self, stream: StreamSpec) -> tuple[str, ...]:
        """Return the fields that identify a stream's records."""
        known = self._template(stream).get("key", ())
        return stream.key or ((known,) if isinstance(known, str) else tuple(known))

    def needs(self, stream: StreamSpec | None = None) -> str:  # noqa: ARG002 - the same for all
        """Return what credentials the platform wants, and how they are had."""
        return "; ".join(f"`{name}`: {how}" for name, how in page_of(self.preset).get("needs", {}).items())

    def _template(self, stream: StreamSpec) -> Mapping[str, Any]:
        page = page_of(self.preset)
        found = page.get("streams", {}).get(self.template(stream)) or page.get("any")
        if found is None:
            raise ConnectorOptionsError(
                f"{stream.id} is no stream of this platform.",
                where=stream.where,
                fix=f"known are {', '.join(page.get('streams', {}))}; a source of `type: rest` reads any other",
            )
        return _joined(page.get("defaults", {}), found)

    def _describe(self, stream: StreamSpec) -> RestStreamOptions:
        kept = {key: value for key, value in self._template(stream).items() if key not in OWN}
        known = _Known(self.context.options, stream.options, {"stream": stream.id.name, **self.places(stream)})
        said = filled(kept, known, strict=False)
        if stream.options is not None:
            told = stream.options.model_dump(exclude_unset=True, by_alias=True)
            said = _joined(
                said, {name: value for name, value in told.items() if name in RestStreamOptions.model_fields}
            )
        made: RestStreamOptions = _made(RestStreamOptions, said, stream.where or self.context.where)
        return made


class _Known(Mapping[str, Any]):
    """The fields and properties of options as values for places, secrets as what they hide; the last that has a name wins."""

    def __init__(self, *options: Any) -> None:
        self._options = [option for option in reversed(options) if option is not None]

    def __contains__(self, name: object) -> bool:
        return any(_has(options, str(name)) for options in self._options)

    def __getitem__(self, name: str) -> Any:
        for options in self._options:
            if _has(options, name):
                value = options[name] if isinstance(options, Mapping) else getattr(options, name)
                return value.get_secret_value() if isinstance(value, SecretStr) else value
        raise KeyError(name)

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


def _has(options: Any, name: str) -> bool:
    if isinstance(options, Mapping):
        return name in options
    kind = type(options)
    if issubclass(kind, RestStreamOptions) and (name in RestStreamOptions.model_fields or name.startswith("model_")):
        return False  # what every stream has is no value for a place
    return name in kind.model_fields or isinstance(getattr(kind, name, None), property)


def _joined(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return two mappings as one; the second wins, mappings inside are joined likewise."""
    made = dict(one)
    for key, value in other.items():
        before = made.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        made[key] = _joined(before, value) if both else value  # type: ignore[arg-type]  # `both` says so
    return made


def _made(model: type[Any], said: Mapping[str, Any], where: str) -> Any:
    try:
        return model.model_validate(said)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_input=False)
        )
        raise ConnectorOptionsError(
            f"What the project file says does not go together with what is known of the platform: {faults}.",
            where=where,
            fix="take out what deviates, or use `type: rest`",
        ) from None


@cache
def page_of(preset: str) -> Mapping[str, Any]:
    """Return the page of a preset."""
    import yaml

    text = (files(__package__) / f"{preset}.yml").read_text("utf-8")
    page: Mapping[str, Any] = yaml.safe_load(text)
    return page
