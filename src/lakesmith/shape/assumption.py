"""Types of text columns taken from the beginning of a load, and proven by everything that follows, so that it is read once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from pyarrow import RecordBatch

from lakesmith.model.types import STRING
from lakesmith.shape.names import unique
from lakesmith.shape.profile import THRESHOLD_PER_CENT, TextProfile, as_texts, is_text
from lakesmith.shape.tally import Form
from lakesmith.shape.text import trim

MARGIN = 4
"""How many times more words than would do are counted: where they become fewer later, counting begins again in time."""


class Assumption:
    """Types that a profile of the whole load is going to give, as long as nothing speaks against them.

    Whether values fit is told by the shaper, which reads them anyway: where all of a column fit the narrowest type its first values
    have, the profile of all of them has that type. Only columns of words are looked at, and of these as few batches as will do:
    once too many values fit no other type to be left out, the profile's mind is made up whatever the others look like. Of columns
    in one of the spellings people use all batches are: a value that fits may still show that another spelling, or none, is meant.
    """

    def __init__(self, types: Mapping[str, Form], looked_at: Collection[str]) -> None:
        """Assume `types` by source name; other columns in `looked_at` had no value yet. Any other column is not ours to judge."""
        self.types = dict(types)
        self._undecided = frozenset(looked_at) - types.keys()
        self._spelled = frozenset(name for name, form in types.items() if form.spelling is not None)
        self._counted = {name for name, form in types.items() if form.type == STRING}  # every batch was counted so far
        self._words = frozenset(self._counted)
        self._profile = TextProfile()
        self._values: Counter[str] = Counter()

    def holds(self, rows: RecordBatch) -> bool:
        """Whether the columns of a batch that had no value before still have none."""
        for name, arrow_field, column in zip(unique(rows.schema.names), rows.schema, rows.columns, strict=True):
            if name in self._undecided and column.null_count < len(column):
                texts = as_texts(column) if is_text(arrow_field) else column
                if trim(texts).null_count < len(texts):
                    return False
        return True

    def observe(self, rows: RecordBatch) -> bool:
        """Look at the words of a batch that was shaped without misfit; whether columns of words are still that."""
        wanted = {name for name in self._words if not self._outnumber(name, MARGIN)}
        self._counted &= wanted
        for name, column in zip(unique(rows.schema.names), rows.columns, strict=True):
            if name in self._words:
                self._values[name] += len(column) - column.null_count
        if wanted or self._spelled:
            self._profile.observe(rows, wanted | self._spelled)
        return self._counted_are_words()

    def is_proven(self) -> bool:
        """Whether a profile of all batches, which all passed `holds` and `observe`, has these very types."""
        forms = self._profile.forms()
        are_spelled = all(forms.get(name) == self.types[name] for name in self._spelled)
        return (
            are_spelled
            and self._counted_are_words()
            and all(self._outnumber(name) for name in self._words - self._counted)
        )

    def _counted_are_words(self) -> bool:
        types = self._profile.types()
        return all(types.get(name, STRING) == STRING for name in self._counted)

    def _outnumber(self, name: str, margin: int = 1) -> bool:
        """Whether the values that fit no type are too many, among all of the column so far, to be left out."""
        return self._profile.outsiders(name) * 100 > self._values[name] * margin * (100 - THRESHOLD_PER_CENT)
