"""Addresses of the console's pages. What stands in an address is opaque: letters, digits and a few signs, whatever a thing is called."""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import urlencode

from lakesmith.pages.html import Markup, tag

PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,118}[A-Za-z0-9_]|[A-Za-z0-9_]")
KEY = re.compile(rf"(?:{PLAIN.pattern}|~[0-9a-f]{{24}})")
TWIN = ".json"
NODES = ("test.", "unit_test.", "model.", "seed.", "snapshot.")
STEPS = ("load:", "discover:", "publish:")


def key_of(name: str) -> str:
    """Return what stands for a name in an address: itself if it is plain, else a digest of it.

    Examples:
        >>> key_of("shop.orders"), key_of("a/../b")
        ('shop.orders', '~900ea8b7e0d8fe30857c1bb6')
    """
    if PLAIN.fullmatch(name) and ".." not in name and not name.endswith((TWIN, ".log")):
        return name
    return f"~{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def table_link(name: str) -> Markup:
    """Return a link to the page of a table; of a source where the name stands for all its tables; only the name of what has no page."""
    if name.endswith(".*"):
        return tag("a", _shown(name), href=f"/sources/{key_of(name.removesuffix('.*'))}")
    if is_pageless(name):
        return tag("span", _shown(name) or "–")
    return tag("a", _shown(name), href=f"/tables/{key_of(name)}")


def is_pageless(name: str) -> bool:
    """Whether a name is of something that is no table and has no page: a test or model by dbt's id, a step, a run, a channel.

    Examples:
        >>> is_pageless("test.acme.adds_up"), is_pageless("run of nightly"), is_pageless("publish:bi"), is_pageless("shop.orders")
        (True, True, True, False)
    """
    is_node = name.count(".") > 1 and name.startswith(NODES)
    return "." not in name or name.startswith((*STEPS, "run of ")) or is_node


def source_link(name: str) -> Markup:
    """Return a link to the page of a source."""
    return tag("a", _shown(name), href=f"/sources/{key_of(name)}")


def run_link(run_id: str, text: object = "") -> Markup:
    """Return a link to the page of a run; its short id unless another text is given."""
    return tag("a", text or run_id[:13], href=f"/runs/{key_of(run_id)}")


def incident_link(incident_id: str, text: str) -> Markup:
    """Return a link to the page of an incident."""
    return tag("a", _shown(text), href=f"/incidents/{key_of(incident_id)}")


def address(path: str, **query: str | None) -> str:
    """Return the address of a page with what is asked of it; empty wishes are left out.

    Examples:
        >>> address("/runs", state="failed", pipeline="")
        '/runs?state=failed'
    """
    asked = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(asked)}" if asked else path


def _shown(name: str, length: int = 120) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"
