"""Files on an SFTP server."""

import os

import pytest

from lakesmith.errors import ConnectorOptionsError, StorageUnavailableError
from lakesmith.model.streams import Ask


def put(far, name, text):
    path = far.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_tree_is_walked_and_files_load_and_grow(sftp):
    for day in (2, 1):
        put(sftp, f"raw/2026-10-0{day}/x.csv", f"k,v\n{day},2\n")
    put(sftp, "raw/2026-10-01/.part.csv", "k,v\n7,7\n")
    (sftp.folder / "raw/2026-10-03").symlink_to(sftp.folder / "raw")  # a link that goes round
    stream = sftp.stream("raw/{date}/*.csv")
    first = sftp.load(stream)
    assert first.rows == [("1", "2"), ("2", "2")]
    assert sftp.load(stream, first.position).rows == []
    put(sftp, "raw/2026-10-02/x.csv", "k,v\n2,2\n3,4\n")
    assert sftp.load(stream, first.position).rows == [("3", "4")]


def test_a_large_file_and_any_place_of_it(sftp):
    content = os.urandom(3_000_000)
    (sftp.folder / "a.bin").write_bytes(content)
    with sftp.source()._place.open("a.bin") as file:
        assert file.read() == content
        file.seek(2_000_000)
        assert file.read(10) == content[2_000_000:2_000_010]


def test_a_folder_that_is_not_there_has_no_files(sftp):
    stream = sftp.stream("none/*.csv")
    assert sftp.source(stream).splits(stream, Ask()) == []


@pytest.mark.parametrize(
    ("storage", "why"),
    [
        ({"password": "wr0ng"}, "Access was denied"),
        ({"host_key": None}, "the server's key is not known"),
        ({"host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"}, "known"),
        ({"host_key": "ssh-rsa"}, "`host_key` is no public key"),
        ({"host_key": "ssh-rsa AAAA\nevil"}, "`host_key` is no public key"),
        ({"host_key": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB"}, "`host_key` is no public key"),
        ({"key_file": "/nowhere/id_wr0ng"}, "no file where `key_file` points"),
        ({"password": "wr0ng\ud800"}, "is no text"),
    ],
)
def test_a_login_that_is_refused_names_no_secret(sftp, storage, why):
    stream = sftp.stream()
    source = sftp.source(stream, storage={**sftp.options["storage"], **storage})
    with pytest.raises(ConnectorOptionsError, match=why) as caught:
        source.splits(stream, Ask())
    assert "wr0ng" not in str(caught.value)


def test_folders_in_each_other_without_end_are_refused(sftp):
    (sftp.folder / "/".join(["d"] * 250)).mkdir(parents=True)
    stream = sftp.stream("**/*.csv")
    with pytest.raises(ConnectorOptionsError, match="more than 200 deep"):
        sftp.source(stream).splits(stream, Ask())


def test_a_server_that_is_not_there(sftp):
    stream = sftp.stream()
    sftp.root = "sftp://127.0.0.1:9/drops"
    with pytest.raises(StorageUnavailableError, match="does not answer"):
        sftp.source(stream).splits(stream, Ask())
