"""How packed files are opened, as a stream's settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from lakesmith.sources.files.deliveries.patterns import Pattern, parse_pattern
from lakesmith.sources.files.limits import GB, MAX_UNPACKED_GB


class PackedSettings(BaseModel):
    """Settings of streams whose files are packed: gz, bz2, xz, zst, or zip archives with members."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unpack: bool = Field(
        default=True,
        description="Whether packed files (gz, bz2, xz, zst, zip; told by their content) are unpacked. `false` reads them as they are.",
    )
    members: str | list[str] | None = Field(
        default=None,
        min_length=1,
        description=(
            "Archives: one pattern or a list of them for the members to read, in the language of `files`, such as `data/*.csv`. "
            "Default: all, except those whose name begins with a dot; one whose name tells no format goes to quarantine."
        ),
    )
    max_unpacked_gb: float = Field(
        default=MAX_UNPACKED_GB,
        gt=0,
        description="Packed files: the most that may come out of one file, in GB. A file that unpacks to more is refused.",
    )

    @field_validator("members")
    @classmethod
    def _known_patterns(cls, value: str | list[str] | None) -> str | list[str] | None:
        for text in [value] if isinstance(value, str) else value or []:
            parse_pattern(text)
        return value

    @property
    def member_patterns(self) -> tuple[Pattern, ...]:
        """The patterns of members, in the order they were written; none for all."""
        written = [self.members] if isinstance(self.members, str) else self.members or []
        return tuple(map(parse_pattern, written))

    @property
    def max_unpacked_bytes(self) -> int:
        """The most that may come out of one packed file."""
        return int(self.max_unpacked_gb * GB)
