"""The agency without the libraries that PDF needs: everything else works, and the PDFs are read as soon as the libraries are there."""

from __future__ import annotations

import sys

import duckdb
import pytest
from e2e_home import Home

from lakesmith.simulate.agency import Agency, deliver_agency

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
HIDES = "import sys; sys.modules.update(pypdf=None, pdfplumber=None, olefile=None, PIL=None, striprtf=None)\n"
KINDS = "select type, error, count(*) from silver.stg_inbox__contracts group by all order by all"


def test_pdfs_wait_for_their_libraries(tmp_path):
    home = Home(tmp_path / "acme")
    assert Home(tmp_path).lakesmith("init", "acme", "--template", "agency").code == 0
    deliver_agency(Agency(scale=0.05), home.root, 1)
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide/sitecustomize.py").write_text(HIDES)

    hidden = {"PYTHONPATH": str(tmp_path / "hide")}  # of a process that starts anew
    ran = home.call(sys.executable, "-m", "lakesmith", "run", "--date", "2026-10-01", env=hidden)
    assert ran.code == 0, ran.out + ran.err
    [(_, _, words), (kind, error, waiting)] = _asked(home)
    assert (kind, error) == ("pdf", 'library missing: pypdf, pdfplumber; pip install "lakesmith[documents]"')

    loads = home.run("--date", "2026-10-01").loaded()
    assert loads == {"inbox.contracts": waiting}
    after = {(kind, error is None): count for kind, error, count in _asked(home)}
    assert after == {("docx", True): words, ("pdf", True): waiting - 1, ("pdf", False): 1}


def _asked(home):
    with duckdb.connect(home.root / ".lakesmith/build/local.duckdb", read_only=True) as build:
        return build.sql(KINDS).fetchall()
