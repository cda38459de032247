"""The frame of every page of the console: head, ways to the other pages, where else to get the same."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources

from lakesmith.pages.html import Markup, join, tag
from lakesmith.pages.parts import SHAPES, minute
from lakesmith.pages.views.common import Place

PAGES = (
    ("Today", "/"),
    ("Incidents", "/incidents"),
    ("Runs", "/runs"),
    ("Sources", "/sources"),
    ("Tables", "/tables"),
    ("Quarantine", "/quarantine"),
    ("System", "/system"),
)


@dataclass(frozen=True, slots=True)
class Chrome:
    """What a page needs that is no fact: its section in the way to the others, its twins, and what proves that a form is ours."""

    here: str
    twin: str
    command: str
    proof: str = ""


@cache
def style() -> str:
    """Return the style of every page."""
    folder = resources.files("lakesmith.pages")
    return "".join(folder.joinpath(name).read_text("utf-8") for name in ("style.css", "console.css"))


@cache
def style_hash() -> str:
    """Return what a content security policy calls the style."""
    return f"sha256-{b64encode(sha256(style().encode()).digest()).decode()}"


def document(title: str, place: Place, chrome: Chrome, *content: object) -> str:
    """Return a whole page. `content` begins with its heading."""
    top = tag(
        "header",
        tag("a", tag("strong", place.project), f" · {place.target}", href="/", class_="brand"),
        tag("nav", tag("ul", *(_way(name, href, chrome.here) for name, href in PAGES)), aria_label="Pages"),
        class_="top",
    )
    return _html(
        f"{title} · {place.project}",
        tag("a", "Skip to the content", href="#content", class_="skip"),
        top,
        tag("main", *content, id_="content", tabindex=-1),
        _foot(place, chrome),
    )


def bare(title: str, *content: object) -> str:
    """Return a page without ways to others, for somebody who is not let in or has lost the way."""
    return _html(title, tag("main", *content, id_="content"))


def heading(sentence: str, mood: str | None, eyebrow: object = "") -> Markup:
    """Return the first heading of a page with the seal of its mood."""
    seal = tag("span", SHAPES[mood][0], class_=f"seal {mood}", role="img", aria_label=SHAPES[mood][1]) if mood else ""
    above = tag("p", eyebrow, class_="eyebrow") if eyebrow else ""
    return tag("div", above, tag("h1", seal, tag("span", sentence)), class_="head")


def _html(title: str, *body: object) -> str:
    head = join(
        (
            Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
            Markup('<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'),
            tag("title", title),
            Markup(f"<style>{style()}</style>"),
        )
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body class="console">{join(body)}</body></html>\n'


def _way(name: str, href: str, here: str) -> Markup:
    return tag("li", tag("a", name, href=href, aria_current="page" if name == here else None))


def _foot(place: Place, chrome: Chrome) -> Markup:
    same = tag(
        "p",
        "The same as ",
        tag("a", "JSON", href=chrome.twin),
        ", or on a terminal: ",
        tag("code", chrome.command),
    )
    leave = (
        tag(
            "form",
            Markup(tag("input", type="hidden", name="proof", value=chrome.proof).replace("</input>", "")),
            tag("button", "Log out everywhere", type="submit"),
            method="post",
            action="/logout",
        )
        if chrome.proof
        else ""
    )
    told = f"As of {minute(place.as_of)} UTC. All times are UTC. Lakesmith {place.version}; nothing on this page changes anything."
    return tag("footer", same, tag("p", told), leave, class_="foot")
