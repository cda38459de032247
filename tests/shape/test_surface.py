"""What `lakesmith.shape` offers, and what it does not import to say so."""

import subprocess
import sys

import pytest

import lakesmith.shape


def test_the_public_names_are_pinned():
    assert lakesmith.shape.__all__ == [
        "ColumnReport",
        "Policy",
        "Shaper",
        "TextProfile",
        "arrow_schema",
        "arrow_type",
        "decide",
        "fold",
        "type_of",
    ]
    assert all(callable(getattr(lakesmith.shape, name)) for name in lakesmith.shape.__all__)


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match=r"'lakesmith.shape' has no attribute 'melt'"):
        lakesmith.shape.melt  # noqa: B018


def test_names_policy_and_decisions_need_no_heavy_library():
    code = (
        "import sys; import lakesmith.shape.names, lakesmith.shape.policy; from lakesmith.shape import decide, fold, Policy;"
        "sys.exit(','.join({'pyarrow', 'polars', 'pydantic', 'duckdb'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
