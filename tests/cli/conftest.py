import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lakesmith_terminal import ACME, Terminal

from lakesmith.project import init_project
from lakesmith.simulate import Company, deliver


@pytest.fixture(scope="session")
def company(tmp_path_factory):
    """A loaded company without models, and what was delivered."""
    root = tmp_path_factory.mktemp("company") / "acme"
    init_project(root, template="b2b-sales")
    shutil.rmtree(root / "models")
    file = root / "lakesmith.yml"
    file.write_text(file.read_text().partition("publish:")[0])
    delivery = deliver(Company(seed=7, scale=0.05), root, 1)
    terminal = Terminal(root)
    done = terminal.run("run")
    assert done.returncode == 0, done.stdout + done.stderr
    return terminal, delivery, done


@pytest.fixture
def acme(tmp_path):
    """A small project with models that has not run yet."""
    shutil.copytree(ACME, tmp_path / "acme")
    return Terminal(tmp_path / "acme")


@pytest.fixture
def acme_bronze(acme):
    """The same without models."""
    shutil.rmtree(acme.root / "models")
    file = acme.root / "lakesmith.yml"
    file.write_text(file.read_text().partition("publish:")[0])
    return acme


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The small project after a run."""
    root = tmp_path_factory.mktemp("built") / "acme"
    shutil.copytree(ACME, root)
    terminal = Terminal(root)
    done = terminal.run("run")
    assert done.returncode == 0, done.stdout + done.stderr
    return terminal
