"""Words in columns of text that only say that there is no value: counted for people, never taken for null by a load."""

from __future__ import annotations

from collections import Counter, defaultdict

from pyarrow import RecordBatch

from lakesmith.shape.arrow import Array, pa, pc
from lakesmith.shape.names import unique
from lakesmith.shape.profile import as_texts, is_text
from lakesmith.shape.text import trim

PLACEHOLDERS = (
    *(
        "n/a",
        "n.a.",
        "#n/a",
        "#na",
        "nan",
        "null",
        "(null)",
        "nil",
        "none",
        "-",
        "--",
        "---",
        "?",
        "??",
        ".",
        "unknown",
        "unkn",
    ),
    *("tbd", "tba", "missing", "not available", "not applicable", "k.a.", "keine angabe"),
)
"""The words that the macro `placeholder_null` takes for null, in lower case."""

_LONGEST = max(map(len, PLACEHOLDERS))


class PlaceholderCounts:
    """How often each text column has each of these words, by source name. Memory does not grow with rows."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def observe(self, batch: RecordBatch) -> None:
        """Count the words of one batch, in the columns that the reader marks as text."""
        for name, arrow_field, column in zip(unique(batch.schema.names), batch.schema, batch.columns, strict=True):
            if is_text(arrow_field):
                self._counts[name].update(_words(as_texts(column)))

    def of(self, name: str) -> Counter[str]:
        """Return the words of one column, in lower case, with their counts."""
        return self._counts.get(name, Counter())


def _words(texts: Array) -> dict[str, int]:
    left = trim(texts).drop_null()
    short = left.filter(pc.less_equal(pc.utf8_length(left), _LONGEST))
    lower = pc.utf8_lower(short)
    found = pc.value_counts(lower.filter(pc.is_in(lower, value_set=pa.array(PLACEHOLDERS)))).to_pylist()
    return {each["values"]: each["counts"] for each in found}
