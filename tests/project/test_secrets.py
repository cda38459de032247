import pickle
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from lakesmith.errors import MissingValueError, ProjectFileError
from lakesmith.host.secrets import Secrets
from lakesmith.project.references import Lookup, escape, has_reference

CANARY = "hunter2-canary"
HEAD = "version: 1\nname: acme\nsources:\n  shop:\n    type: shop\n"


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("${}:-ab env~")) | st.text())
def test_escaped_text_comes_back_as_it_was(tmp_path_factory, text):
    secrets = Secrets()
    assert Lookup(tmp_path_factory.getbasetemp(), {}).resolve(escape(text), secrets) == text
    assert not has_reference(escape(text))


@settings(deadline=None)
@given(before=st.text(), value=st.text(min_size=1), after=st.text())
def test_a_reference_stands_for_its_value(tmp_path_factory, before, value, after):
    before = before.rstrip("$")  # a `$` in front of `${` is the escape
    text = escape(before) + "${env:NAME}" + escape(after)
    assert Lookup(tmp_path_factory.getbasetemp(), {"NAME": value}).resolve(text, Secrets()) == before + value + after


def test_files_and_defaults(tmp_path):
    (tmp_path / "key").write_text("two\nlines\n\n")
    lookup = Lookup(tmp_path, {"EMPTY": ""})
    assert lookup.resolve("${file:key}|${env:EMPTY:-d:-}|${env:NONE:-}", Secrets()) == "two\nlines|d:-|"


def test_only_values_from_outside_are_secret(tmp_path):
    (tmp_path / "key").write_text("file-value")
    secrets = Secrets()
    Lookup(tmp_path, {"A": "env-value", "U": "pg://me:p%40ssw0rd@db/x"}).resolve(
        "${env:A}${env:B:-plain-default}${file:key}${env:U}", secrets
    )
    assert secrets.mask("env-value plain-default file-value p%40ssw0rd p@ssw0rd") == "•••• plain-default •••• •••• ••••"


def test_lines_of_a_key_file_are_masked_one_by_one(tmp_path):
    (tmp_path / "key").write_text("-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n")
    secrets = Secrets()
    Lookup(tmp_path, {}).resolve("${file:key}", secrets)
    assert secrets.mask("line hkiG9w0BAQEFAASC") == "line ••••"


@pytest.mark.parametrize(
    ("line", "where", "told"),
    [
        (f"password: {CANARY}", "sources.shop.password", "a secret stands in the file: write ${env:PASSWORD} and keep"),
        (
            f"url: https://me:{CANARY}@host/x",
            "sources.shop.url",
            "a password stands in the URL: write ${env:URL} for the whole URL",
        ),
        (
            f"url: https://host/x?a=1&token={CANARY}",
            "sources.shop.url",
            "a password stands in the URL: write ${env:URL} for",
        ),
        (
            f"retry: {{client_secret: {CANARY}}}",
            "sources.shop.retry.client_secret",
            "a secret stands in the file: write",
        ),
    ],
)
def test_literal_passwords_are_refused_and_not_repeated(folder, line, where, told):
    faults = folder.faults(HEAD + f"    {line}\n    streams: [a]\n")
    assert any(fault.startswith(f"lakesmith.yml:6: {where}: {told}") for fault in faults)
    assert not any(CANARY in fault for fault in faults)


@pytest.mark.parametrize(
    "line",
    [
        "password: ${env:PW}",
        "url: https://me:${env:PW}@host",
        "url: https://host:8080/mail@home",
        "url: https://me@host",
        "retry: {attempts: 2}",
    ],
)
def test_references_and_urls_without_password_are_fine(folder, line):
    assert folder.load(HEAD + f"    {line}\n    streams: [a]\n", PW="secret-1")


def test_a_salt_is_a_secret(folder):
    text = HEAD + "    streams: {a: {columns: {email: {mask: hash, salt: %s}}}}\n"
    assert "columns.email.salt: a secret stands in the file" in folder.faults(text % CANARY)[0]
    assert folder.load(text % "'${env:SALT}'", SALT=CANARY).streams()[0].columns["email"] == {
        "mask": "hash",
        "salt": CANARY,
    }


class Leaky:
    """A connector whose complaints repeat what they were given."""

    class Options(BaseModel):
        model_config = ConfigDict(extra="forbid")
        url: str
        port: int = 1
        kind: str = ""

        @field_validator("url")
        @classmethod
        def _url(cls, url):
            raise ValueError(f"cannot use {url} or {url[::-1]}")

    class StreamOptions(BaseModel):
        pin: str = ""

        @model_validator(mode="after")
        def _all(self):
            raise ValueError(f"all of {self.pin} is wrong")


@pytest.mark.parametrize("value", [CANARY, "xyz"])
def test_no_complaint_repeats_a_referenced_value(folder, fakes, value):
    folder.write(
        "version: 1\nname: ${env:S}\nschedule: {cron: '${env:S}', timezone: '${env:S}', ready_by: '${env:S}'}\n"
        "default_target: ${env:S}\n"
        "sources:\n  a:\n    type: leaky\n    url: ${env:S}\n    port: ${env:S}\n    streams: {s: {pin: '${env:S}', mode: '${env:S}'}}\n"
        "  b: {type: '${env:S}', streams: [x]}\n"
        "publish: {p: {select: x, format: '${env:S}', path: 'a{${env:S}}'}}\n"
        "targets: {t: {engine: '${env:S}', bronze: '${env:S}', sample: '${env:S}'}}\n"
    )
    with pytest.raises(ProjectFileError, match=r"faults") as caught:
        folder.load(connectors=fakes(leaky=Leaky), S=value)
    shown = (
        "".join(traceback.format_exception(caught.value))
        + repr(caught.value)
        + str(pickle.loads(pickle.dumps(caught.value)))
    )
    text = str(caught.value)
    assert value not in text
    assert value[::-1] not in text
    assert value not in shown
    assert "sources.a.url: the value that its reference gives is not accepted" in text
    assert "sources.a.port: should be a whole number, not the value of its reference" in text


def test_nothing_that_prints_a_project_shows_a_secret(folder):
    project = folder.load(
        HEAD
        + "    url: ${env:URL}\n    password: ${env:PW}\n    streams: [a]\n"
        + "targets: {local: {lake: s3://b, catalog: '${env:DB}', storage: {access_key: '${env:PW}', secret_key: '${env:PW}'}}}\n",
        URL=f"https://me:{CANARY}@host",
        DB=f"postgresql://me:{CANARY}@host/db",
        PW=CANARY,
    )
    lake = project.lake_of(project.target())
    assert (lake.catalog_place, lake.storage.secret_key) == ("postgresql://host/db", CANARY)
    for value in (project, project.source("shop"), project.sources, project.target(), lake):
        assert CANARY not in repr(value)
        assert CANARY not in str(value)


def test_missing_values_do_not_show_the_present_ones(folder):
    project = folder.load(HEAD + "    url: https://${env:USER}:${env:PW}@host\n    streams: [a]\n", USER=CANARY)
    with pytest.raises(
        MissingValueError, match=r"lakesmith\.yml:6: \$\{env:PW\} has no value: PW is not set in the env"
    ) as caught:
        project.source("shop")
    assert CANARY not in str(caught.value)


def test_an_empty_variable_counts_as_missing(folder):
    project = folder.load(HEAD + "    url: ${env:URL}\n    streams: [a]\n", URL="")
    assert project.sources["shop"].missing == (
        "lakesmith.yml:6: ${env:URL} has no value: URL is empty in the environment and in .env",
    )


def test_a_file_that_is_not_there_is_missing(folder):
    project = folder.load(HEAD + "    url: ${file:~/no/such/file}\n    streams: [a]\n")
    assert project.sources["shop"].missing == (
        "lakesmith.yml:6: ${file:~/no/such/file} has no value: No such file or directory",
    )


def test_broken_dotenv_lines_are_told_without_their_text(folder):
    folder.write(f"A=1\n{CANARY}\n", ".env")
    assert folder.faults(HEAD + "    streams: [a]\n") == [".env:2: write NAME=value"]
