"""Files are left out only where they have no row that matters: what their bounds cannot say is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.utils.truncate import truncate_upper_bound_text_string

from lakesmith.lake.contents.pruning import files_of
from lakesmith.lake.numbering import number_schema
from lakesmith.model.types import LONG, Field, Schema

SCHEMA = number_schema(None, 0, Schema((Field("id", LONG),)))
SEQ, SOURCE = (next(field.id for field in SCHEMA if field.name == name) for name in ("_ls_seq", "_ls_source"))
LENGTH = 16


def data_file(path, rows, *, seq=True, source=True):
    """Return what a manifest says of a file of (seq, source) rows, its texts cut at 16 letters as PyIceberg does."""
    low, high = {}, {}
    if seq:
        low[SEQ], high[SEQ] = (edge(at for at, _ in rows).to_bytes(8, "little", signed=True) for edge in (min, max))
    if source:
        low[SOURCE] = min(origin for _, origin in rows)[:LENGTH].encode()
        cut = truncate_upper_bound_text_string(max(origin for _, origin in rows), LENGTH)
        high |= {} if cut is None else {SOURCE: cut.encode()}
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=path,
        file_format=FileFormat.PARQUET,
        record_count=len(rows),
        file_size_in_bytes=1,
        lower_bounds=low,
        upper_bounds=high,
    )


ORIGINS = st.sampled_from(
    ["", "days 2026-11-08..14", "days 2026-11-08..21", "days 2026-11-15", "é 2026-11-15", "\U0010ffff" * 20]
)
FILES = st.lists(st.tuples(st.lists(ORIGINS, min_size=1, max_size=3), st.booleans(), st.booleans()), max_size=6)


@given(FILES, st.sets(ORIGINS))
def test_no_row_that_matters_is_left_out(files, origins):
    made, rows, number = [], {}, 0
    for at, (sources, seq, source) in enumerate(files):
        rows[f"{at}"] = [(number := number + 1, origin) for origin in sources]
        made.append(data_file(f"{at}", rows[f"{at}"], seq=seq, source=source))
    kept = files_of(made, SCHEMA, origins)
    first = min((seq for part in rows.values() for seq, origin in part if origin in origins), default=None)
    if first is not None:
        assert {path for path, part in rows.items() if max(part)[0] >= first} <= set(kept)
    assert list(kept) == sorted(set(kept))


@pytest.mark.parametrize(
    ("origin", "kept"),
    [("days 1", ("1", "2", "3")), ("days 2", ("2", "3")), ("days 3", ("3",)), ("days 4", ()), ("a", ())],
)
def test_older_files_and_those_of_other_origins_are_left_out(origin, kept):
    files = [data_file(f"{at}", [(at, f"days {at}")]) for at in (1, 2, 3)]
    assert files_of(reversed(files), SCHEMA, [origin]) == kept
    assert files_of(files, SCHEMA, ()) == ()
