"""The package is light, holds its names, and needs no more memory for more data."""

import subprocess
import sys
from pathlib import Path

import pytest

from lakesmith import simulate
from lakesmith.simulate.__main__ import main

MEASURE = """
import resource, sys
from pathlib import Path
from lakesmith.simulate import Company, deliver
deliver(Company(scale=float(sys.argv[2])), Path(sys.argv[1]), 1)
status = Path("/proc/self/status")  # a child's ru_maxrss begins at its parent's; VmHWM does not
lines = status.read_text().splitlines() if status.exists() else []
peak = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
print(peak[0] if peak else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_public_names() -> None:
    assert simulate.__all__ == [
        "MART_COLUMNS",
        "Company",
        "DeliveredFile",
        "Delivery",
        "clean_tables",
        "deliver",
        "truth",
    ]
    assert all(getattr(simulate, name) is not None for name in simulate.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = simulate.nothing


def test_only_the_standard_library_is_imported() -> None:
    code = (
        "import sys; from lakesmith.simulate import truth, deliver, clean_tables, Company\n"
        "known = sys.stdlib_module_names | {'lakesmith', '__main__'}\n"
        "print({m.split('.')[0] for m in sys.modules} - known)"
    )
    found = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path = {sys.path!r}; {code}"], check=True, capture_output=True
    )
    assert found.stdout == b"set()\n"


@pytest.mark.long
def test_memory_stays_flat(tmp_path: Path) -> None:
    peaks = []
    for scale in ("3", "12"):
        words = [sys.executable, "-c", MEASURE, str(tmp_path / scale), scale]
        peaks.append(int(subprocess.run(words, check=True, capture_output=True).stdout))
    assert peaks[1] < 1.1 * peaks[0]


def test_the_command_line_writes_the_days(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path), "--days", "2", "--scale", "0.02", "--start", "2026-01-05", "--cut-short", "2"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert lines[0].split()[:6] == ["day", "1", "101", "rows", "1", "broken"]
    assert not (tmp_path / "data/raw/2026-01-06/companycsv.csv").read_bytes().endswith(b"\n")
