"""Secrets are taken out of whatever leaves, in each of their spellings."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest

from lakesmith.sources.rest.scrub import LONGEST_MESSAGE, Scrubber

SECRET = "pa/ss wörd+1"


@pytest.mark.parametrize(
    "spell", [str, quote_plus, lambda text: quote(text, safe=""), lambda text: b64encode(text.encode()).decode()]
)
def test_a_secret_in_each_of_its_spellings(spell):
    assert Scrubber([SECRET]).mask(f"before {spell(SECRET)} after") == "before •••• after"


@pytest.mark.parametrize(
    "value",
    [
        "ann@example.com",
        "4711-0815-99",
        "123456",
        "2026-11-21",
        "AbC123dEf456GhI789jKl012",
        "https://x.example.com/a?b=c",
    ],
)
def test_what_looks_like_a_value(value):
    assert Scrubber().message(f"no such thing: {value} here") == "no such thing: •••• here"


def test_words_stay():
    text = "Request had insufficient authentication scopes: page 3 of 12"
    assert Scrubber().message(text) == text
    assert len(Scrubber().message("word " * 999)) == LONGEST_MESSAGE


def test_an_address_without_secrets():
    scrub = Scrubber(["canary"], ["key"])
    assert scrub.url("https://me:pw@a.example.com/x?key=1&page=2&sig=a-canary-b#c") == "https://a.example.com/x?page=2"
    assert scrub.url("https://a.example.com/x?a=%20b&c") == "https://a.example.com/x?a=%20b&c"


def test_words_are_kept_in_addresses_and_shown_nowhere():
    scrub = Scrubber(["canary"], words=["2024-01", "yes"])
    assert (
        scrub.url("https://a.example.com/x?v=2024-01&c=%FF&flag&t=canary")
        == "https://a.example.com/x?v=2024-01&c=%FF&flag"
    )
    assert scrub.message("version 2024-01 is gone, yes") == "version •••• is gone, yes"


def test_a_short_secret_is_no_part_of_another_value():
    assert (
        Scrubber(["1234"]).url("https://a.example.com/x?after=912345&t=1234") == "https://a.example.com/x?after=912345"
    )
