"""Places far away as the project file writes them, and what is said where one cannot be used."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from lakesmith.errors import ConnectorOptionsError, MissingExtraError
from lakesmith.model.streams import Ask, SourceContext
from lakesmith.sources.files import FilesOptions, FilesSource
from lakesmith.sources.files.places import open_place
from lakesmith.sources.files.places.address import Address
from lakesmith.sources.files.places.faults import load_library
from lakesmith.sources.files.places.objects import connect


def address(root, **options):
    return Address.of(FilesOptions(root=root, **options), "lakesmith.yml:3")


@pytest.mark.parametrize(
    ("root", "host", "prefix", "shown"),
    [
        ("s3://acme-drops/in/", "acme-drops", "in", "s3://acme-drops/in"),
        ("gs://acme_drops", "acme_drops", "", "gs://acme_drops"),
        ("az://drops/in", "drops", "in", "az://drops/in"),
        ("abfs://drops@acme.dfs.core.windows.net/in", "drops", "in", "abfs://drops/in"),
        ("https://me:pw@example.com:8443/a/b?sig=x", "example.com", "a/b", "https://example.com:8443/a/b"),
        ("sftp://me@example.com/~/in", "example.com", "~/in", "sftp://example.com/~/in"),
    ],
)
def test_urls_in_pieces(root, host, prefix, shown):
    found = address(root)
    assert (found.host, found.prefix, found.shown) == (host, prefix, shown)
    assert "pw" not in repr(found)
    assert found.name(found.key("x/y.csv")) == "x/y.csv"


def test_the_account_is_in_the_url_or_said():
    assert address("abfs://drops@acme.dfs.core.windows.net/in").storage.account == "acme"
    with pytest.raises(ConnectorOptionsError, match="needs the name of its storage account"):
        connect(address("az://drops"))
    for root, storage in (
        ("az://drops", {"account": "acme", "secret_key": "a2V5"}),
        ("gs://drops", {"anonymous": True}),
    ):
        assert connect(address(root, storage=storage)).is_atomic  # built, and nothing is asked for yet


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"root": "ftp://example.com/in"}, "Files cannot be read from `ftp://`"),
        ({"root": "s3:///in"}, "no URL that can be understood"),
        ({"root": "https://example.com:port/in"}, "no URL that can be understood"),
        ({"root": "in", "storage": {"region": "eu-west-1"}}, "`storage` is for places far away"),
        ({"root": "s3://drops", "index": "a.txt"}, "`index` is for web servers"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, why):
    context = SourceContext("drops", FilesOptions(**options), Path("/nowhere"), (), "lakesmith.yml:3")
    with pytest.raises(ConnectorOptionsError, match=rf"{why}(.|\n)*lakesmith\.yml:3"):
        open_place(context.options, context)


@pytest.mark.parametrize(
    ("storage", "why"),
    [
        ({"access_key": "a"}, "without its `secret_key`"),
        ({"access_key": "a", "secret_key": "b", "anonymous": True}, "either keys or `anonymous`"),
        ({"token": "a", "password": "b"}, "either a `token` or a `password`"),
        ({"colour": "blue"}, "Extra inputs"),
    ],
)
def test_settings_that_contradict_are_refused(storage, why):
    with pytest.raises(ValidationError, match=why):
        FilesOptions(root="s3://drops", storage=storage)


def test_secrets_are_in_no_repr():
    said = {"access_key": "AKxx", "secret_key": "s3cr3t", "session_token": "t0ken"}
    assert not any(value in repr(FilesOptions(root="s3://drops", storage=said)) for value in said.values())


def test_a_missing_library_is_named_with_its_extra():
    with pytest.raises(MissingExtraError, match=r"no_such_package(.|\n)*lakesmith\[s3\]"):
        load_library("no_such_package", "s3")


@pytest.mark.parametrize(("status", "error"), [(401, "Access was denied"), (403, "Access was denied")])
def test_keys_that_a_store_refuses_are_not_shown(web, delivery, status, error):
    web.server.refuses = status
    storage = {"endpoint": web.root.removesuffix("/files"), "region": "x", "access_key": "AKxx", "secret_key": "s3cr3t"}
    options = FilesOptions(root="s3://drops/in", storage=storage)
    source = FilesSource(SourceContext("drops", options, Path("/nowhere"), (), "lakesmith.yml:3"))
    for files in ("*.csv", "a.csv"):
        with pytest.raises(ConnectorOptionsError, match=error) as caught:
            source.splits(delivery.stream(files), Ask())
        assert "s3cr3t" not in str(caught.value)
        assert "AKxx" not in str(caught.value)
