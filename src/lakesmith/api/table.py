"""A published table, in whatever frame somebody works with."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from lakesmith.errors import SelectionError
from lakesmith.model.plans import Dataset

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """The newest tested version of a table, as Parquet files that do not change under a reader."""

    dataset: Dataset

    @property
    def files(self) -> tuple[str, ...]:
        """The Parquet files."""
        return self.dataset.files

    def to_arrow(self) -> pa.Table:
        """Return the table as Arrow."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        return pa.concat_tables([pq.read_table(file) for file in self.files])

    def to_polars(self) -> pl.DataFrame:
        """Return the table as a Polars frame."""
        import polars as pl

        return pl.read_parquet(list(self.files))

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a pandas frame; pandas has to be installed."""
        return self.to_arrow().to_pandas()

    def __len__(self) -> int:
        return self.dataset.rows


def find_table(engine: Any, name: str) -> PublishedTable:
    """Return a published table by `schema.name`, or by a name that is unique.

    Raises:
        SelectionError: If readers have no such table.
    """
    published = {dataset.relation: dataset for dataset in engine.published()}
    found = [dataset for relation, dataset in published.items() if name in (relation, dataset.name)]
    if len(found) == 1:
        return PublishedTable(found[0])
    near = get_close_matches(name, [*published, *(dataset.name for dataset in published.values())], n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`lakesmith status` lists what is published"
    problem = f"{len(found)} published tables are" if found else "No published table is"
    raise SelectionError(f"{problem} called {name!r}.", where="warehouse/manifest.json", fix=hint)
