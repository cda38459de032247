"""How XML is written, as far as the project says it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class XmlSettings(BaseModel):
    """Settings of streams whose files are XML; where the rows are is said by `rows`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    xml_namespaces: Literal["prefix", "drop"] = Field(
        default="prefix",
        description=(
            "XML: whether names keep the prefix of their namespace as the file writes it (`dc:title` becomes the column `dc_title`), "
            "or lose it. The path in `rows` is written in the same way."
        ),
    )
    xml_lists: tuple[str, ...] = Field(
        default=(),
        description=(
            "XML: paths of elements below the row that may be repeated, such as `author` or `order/line`: they are lists also in "
            "files where each occurs once. Default: those that are repeated in the first 8 MB of a file, or later."
        ),
    )
