"""What can be said about a source of documents and its streams in the project file."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from lakesmith.sources.documents.parsed import Limits
from lakesmith.sources.files.options import FilesOptions


class DocumentsOptions(FilesOptions):
    """Settings of a source of `type: documents`: where the documents lie, as for files, and how many are read at a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="How many processes read documents at the same time. Default: one per processor, at most 4.",
    )


class DocumentStreamOptions(BaseModel):
    """Settings of one family of documents: which files, and how much each of them may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: str | list[str] = Field(
        min_length=1,
        description=(
            "One pattern or a list of them, relative to `root`. `*` stands for any part of a name, `**` for any number of folders, "
            "`?` for one character, `{date}` for a day written YYYY-MM-DD. Names that begin with a dot are matched only by patterns "
            "that write the dot. Every file becomes a row, of whatever kind it is; a mailbox (mbox) one row per message."
        ),
    )
    timeout_s: float = Field(
        default=60.0,
        gt=0,
        le=86_400,
        description="How many seconds the reading of one document may take. After that its row says `timed out`.",
    )
    max_memory_mb: int = Field(
        default=1024,
        ge=256,
        description="How many megabytes of memory a process that reads documents may take. A document that needs more is a row with `out of memory`.",
    )
    max_document_mb: int = Field(
        default=512, ge=1, description="Documents of more megabytes are not opened; their rows say `too large`."
    )
    max_text_chars: int = Field(
        default=1_000_000,
        ge=1,
        le=2_000_000,
        description="How many characters of text are kept of one document; `cut` says which columns hold less than the document.",
    )
    tables: bool = Field(default=True, description="Whether tables are looked for. In PDF this takes most of the time.")
    page_texts: bool = Field(
        default=True, description="Whether the text is also kept page by page, where there are pages."
    )

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns, in the order they were written."""
        return (self.files,) if isinstance(self.files, str) else tuple(self.files)

    @property
    def limits(self) -> Limits:
        """What one document may take."""
        return Limits(self.timeout_s, self.max_memory_mb, self.max_text_chars, self.tables, self.page_texts)
