import os
import stat

import pytest
import yaml

from lakesmith.dbt.profile import PACKAGE, install_package, write_profiles
from lakesmith.errors import ConnectorOptionsError, StorageUnavailableError
from lakesmith.project.paths import ProjectPaths

DUCKDB = {"type": "duckdb", "path": "{{ env_var('LAKESMITH_BUILD') }}", "threads": 4}


def test_profile_is_written_once_and_again_when_it_changes(tmp_path):
    paths = ProjectPaths(tmp_path)

    assert write_profiles(paths, {"dev": DUCKDB}, "dev") is True
    assert write_profiles(paths, {"dev": DUCKDB}, "dev") is False
    assert write_profiles(paths, {"dev": {**DUCKDB, "threads": 2}}, "dev") is True
    assert yaml.safe_load((tmp_path / ".lakesmith/profiles.yml").read_text()) == {
        "lakesmith": {"target": "dev", "outputs": {"dev": {**DUCKDB, "threads": 2}}}
    }


@pytest.mark.parametrize(
    ("setting", "where"),
    [
        ({"password": "hunter2"}, r"prod\.password"),
        ({"secrets": [{"type": "s3", "secret_access_key": "abc"}]}, r"prod\.secrets\[0\]\.secret_access_key"),
        ({"host": "postgresql://lake:hunter2@db/x"}, r"prod\.host"),
        ({"token": "{{ env_var('A') }}literal"}, r"prod\.token"),
    ],
)
def test_secrets_are_refused_and_not_repeated(setting, where, tmp_path):
    with pytest.raises(ConnectorOptionsError, match=where) as caught:
        write_profiles(ProjectPaths(tmp_path), {"prod": {"type": "postgres", **setting}}, "prod")

    assert "hunter2" not in str(caught.value)
    assert not (tmp_path / ".lakesmith").exists()


def test_references_to_the_environment_and_paths_are_no_secrets(tmp_path):
    output = {
        "type": "postgres",
        "password": "{{ env_var('DB_PASSWORD') }}",
        "port": "{{ env_var('DB_PORT') | int }}",
        "private_key_path": "/run/secrets/key",
        "url": "postgresql://{{ env_var('U') }}:{{ env_var('P') }}@db/x",
    }

    assert write_profiles(ProjectPaths(tmp_path), {"prod": output}, "prod") is True


def test_package_is_put_in_place_once_and_again_when_it_is_not_whole(tmp_path):
    paths = ProjectPaths(tmp_path)

    assert install_package(paths) is True
    assert install_package(paths) is False
    linked = tmp_path / "dbt_packages" / "lakesmith"
    names = {file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*") if file.is_file()}
    assert {file.relative_to(linked).as_posix() for file in linked.rglob("*") if file.is_file()} == names | {".content"}
    assert not linked.readlink().is_absolute()

    (linked / ".content").write_text("of another version")
    (linked / "dbt_project.yml").unlink()
    assert install_package(paths) is True
    assert (linked / "dbt_project.yml").read_bytes() == (PACKAGE / "dbt_project.yml").read_bytes()
    assert [file.name for file in (tmp_path / ".lakesmith" / "dbt").iterdir()] == ["lakesmith"]


def test_package_replaces_what_stands_in_its_place(tmp_path):
    (tmp_path / "dbt_packages" / "lakesmith").mkdir(parents=True)
    (tmp_path / "dbt_packages" / "lakesmith" / "old.sql").write_text("select 1")

    assert install_package(ProjectPaths(tmp_path)) is True
    assert not (tmp_path / "dbt_packages" / "lakesmith" / "old.sql").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_folder_that_cannot_be_written_is_an_error_to_act_on(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(StorageUnavailableError, match="cannot be used"):
            install_package(ProjectPaths(tmp_path))
    finally:
        tmp_path.chmod(stat.S_IRWXU)
