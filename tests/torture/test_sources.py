"""A contract's source, killed at a few points of its first load and of a later one, in a process that has run nothing."""

import json
import subprocess
import sys
import textwrap

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(300)]
PROGRAM = """
import json, sys
from pathlib import Path
from lakesmith.sources.files.source import FilesSource
from lakesmith.testing import Records, SourceContract
from lakesmith.testing.torture import victims
from lakesmith.testing.torture.kills import kill_at, points_of
from lakesmith.testing.torture.sources import SourceLoads

class Shop(SourceContract):
    source = FilesSource
    options = {"root": "."}
    stream_options = {"files": "*.csv"}
    def prepare(self, folder):
        (folder / "a.csv").write_text("id,price\\n1,1.50\\n2\\n")
        (folder / "b.csv").write_text("id,price\\n2,2.50\\n")
        return Records([{"id": 1, "price": 1.5}, {"id": 2, "price": 2.5}], ["a.csv:3"])
    def grow(self, folder):
        (folder / "c.csv").write_text("id,price\\n3,9.00\\n")
        return Records([{"id": 3, "price": 9.0}])

class Liar(Shop):
    def grow(self, folder):
        return super().grow(folder) + Records([{"id": 4, "price": 9.0}])

victims.import_everything()
folder, told = Path(sys.argv[1]), {}
for contract in (Shop, Liar):
    loads = SourceLoads(contract, later=True)
    points = points_of(loads, folder / "lake")
    told[contract.__name__] = [kill_at(loads, point, folder / "lake", twice=lambda n: n == 3) for point in points[::8]]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    code = textwrap.dedent(PROGRAM)
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_source_that_is_sound_is_killed_and_recovers(told):
    assert [one["broken"] for one in told["Shop"]] == [[]] * len(told["Shop"])
    assert sum(one["kills"] for one in told["Shop"]) == len(told["Shop"]) > 1
    assert sum(one["second"] for one in told["Shop"]) >= 1


def test_a_record_that_is_missing_is_seen(told):
    assert all("lost: 1 rows" in one["broken"][0] for one in told["Liar"])
