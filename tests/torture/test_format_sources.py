"""The contracts of formats, killed at some points of a later load, in a process that has run nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
CONTRACTS = Path(__file__).parents[1] / "testing"
EVERY = 7
PROGRAM = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import test_formats_contract as contracts
from lakesmith.testing.torture import victims
from lakesmith.testing.torture.kills import kill_at, points_of
from lakesmith.testing.torture.sources import SourceLoads

victims.import_everything()
folder, told = Path(sys.argv[1]), {}
for name in ("TestJsonl", "TestJson", "TestXml", "TestXlsx", "TestParquet", "TestPackedCsv", "TestZip", "TestLog"):
    loads = SourceLoads(getattr(contracts, name), later=True)
    points = points_of(loads, folder)
    told[name] = [kill_at(loads, point, folder, twice=lambda n: n == 3) for point in points[:: int(sys.argv[3])]]
print(json.dumps(told))
"""


def test_contracts_of_formats_hold_when_their_loads_are_killed(tmp_path):
    words = [sys.executable, "-c", PROGRAM, str(tmp_path / "lake"), str(CONTRACTS), str(EVERY)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert len(told) == 8
    assert [text for kills in told.values() for one in kills for text in one["broken"]] == []
    assert all(one["kills"] == 1 for kills in told.values() for one in kills)
    assert sum(one["second"] for kills in told.values() for one in kills) >= 8
