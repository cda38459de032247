"""`python -m lakesmith.simulate.apis PLATFORM[=PORT] …`: platforms as servers, until standard input ends or the process is told to end.

One line of JSON says how to reach each: `{"ga4": {"base_url": "http://127.0.0.1:41233", …}}`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from lakesmith.simulate.apis.faults import Fault
from lakesmith.simulate.apis.serving import ApiServer

PLATFORMS: Final = {
    "amazon_ads": "lakesmith.simulate.apis.amazon_ads:AmazonAds",
    "ga4": "lakesmith.simulate.apis.ga4:Ga4",
    "google_ads": "lakesmith.simulate.apis.google_ads:GoogleAds",
    "hubspot": "lakesmith.simulate.apis.hubspot:HubSpot",
    "meta_ads": "lakesmith.simulate.apis.meta_ads:MetaAds",
    "salesforce": "lakesmith.simulate.apis.salesforce:Salesforce",
    "shopify": "lakesmith.simulate.apis.shopify:Shopify",
}
SAMPLES: Final = {
    "amazon_ads": "sample:ad_book",
    "ga4": "sample:traffic",
    "google_ads": "sample:ad_book",
    "hubspot": "sample_crm:portal",
    "meta_ads": "sample:ad_book",
    "salesforce": "sample_crm:organisation",
    "shopify": "sample_crm:shop",
}


def main(words: Sequence[str]) -> None:
    """Serve."""
    asked = _parser().parse_args(words)
    faults: dict[str, list[dict[str, Any]]] = json.loads(asked.faults)
    with contextlib.ExitStack() as stack:
        told: dict[str, Any] = {}
        for word in asked.platforms:
            name, _, port = word.partition("=")
            platform = _named(PLATFORMS[name])(_book(asked.books, name))
            script = [Fault(**{**said, "at": tuple(said.get("at", ()))}) for said in faults.get(name, [])]
            server = stack.enter_context(ApiServer(platform, script, port=int(port or 0)))
            settings = getattr(platform, "settings", None)
            told[name] = {"base_url": server.url} | (settings(server.url) if settings else {})
        print(json.dumps(told), flush=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.read()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lakesmith.simulate.apis", description=__doc__)
    parser.add_argument("platforms", nargs="+", metavar="PLATFORM[=PORT]", help=f"of {', '.join(sorted(PLATFORMS))}")
    parser.add_argument(
        "--books", help="module:function that returns what a platform of this name knows; a small sample"
    )
    parser.add_argument("--faults", default="{}", help='faults as JSON: {"ga4": [{"kind": "throttled", "at": [2]}]}')
    return parser


def _book(books: str | None, platform: str) -> Any:
    if books is None:
        return _named(f"lakesmith.simulate.apis.{SAMPLES[platform]}")()
    return _named(books)(platform)


def _named(word: str) -> Callable[..., Any]:
    module, _, name = word.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
