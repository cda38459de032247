"""How JSON is written, as far as the project says it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator


class JsonSettings(BaseModel):
    """Settings of streams whose files are documents with rows inside: JSON, and XML, which shares them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: str | None = Field(
        default=None,
        description=(
            "JSON and XML: where in the document the rows are. JSON: the path of a list of objects, such as `result.items` or "
            "`/result/items` (a JSON pointer), `.` for the top of the document. XML: the path of the element that is a row, such as "
            "`/catalog/book`. Default: found out in the first 8 MB of each file (the list with most objects; the element that is "
            "repeated most)."
        ),
    )

    @field_validator("rows")
    @classmethod
    def _one_path(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("a path is not empty; `.` means the top of the document")
        return None if value is None else value.strip()
