"""What the package offers, and what it costs to import it."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lakesmith import testing


def test_surface():
    assert testing.__all__ == [
        "LAWS",
        "ContractBrokenError",
        "EngineContract",
        "Records",
        "SourceContract",
        "canonical_hash",
        "canonical_rows",
        "published_hashes",
    ]
    assert all(getattr(testing, name) is not None for name in testing.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        testing.nothing  # noqa: B018 - looking is the test


def test_comparing_contents_imports_neither_pytest_nor_anything_heavy():
    code = (
        "import sys; from lakesmith.testing import canonical_hash; canonical_hash([{'a': 1}]); "
        "print(sorted({m.partition('.')[0] for m in sys.modules} & {'pytest', 'pyarrow', 'polars', 'duckdb', 'pyiceberg', 'pydantic'}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_suite_has_no_law_without_a_test():
    written = Path(testing.__file__).with_name("source.py").read_text()
    assert [law for law in testing.LAWS if f'"{law}"' not in written] == []


@pytest.mark.parametrize("test", ["test_contents", "test_growth", "test_batches", "test_resuming_after_any_chunk"])
def test_the_example_in_the_documentation_works(tmp_path, test):
    example = (testing.__doc__ or "").partition("only:\n")[2].partition("\nA test that fails")[0]
    names = {"__name__": "example"}
    exec(textwrap.dedent(example), names)
    getattr(names["TestSqlite"](), test)(tmp_path)
