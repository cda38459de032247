"""Looks at a project and its sources, and promises nothing it has not seen."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches

from lakesmith.api.discovering import NOTHING, News
from lakesmith.api.drifting import policy_findings
from lakesmith.api.existing import findings as table_findings
from lakesmith.api.typing_ahead import type_findings
from lakesmith.api.vanished import vanished_findings
from lakesmith.errors import LakesmithError, SelectionError
from lakesmith.model.streams import Finding, StreamId, StreamSpec
from lakesmith.run.workshop import Workshop


def check(shop: Workshop, news: News = NOTHING) -> list[Finding]:
    """Return what there is to say about every source; a source that cannot be looked at is an error among the findings.

    Args:
        shop: The workshop.
        news: What sources found that the project does not name; nothing where nobody asked them.
    """
    findings = [Finding("ok", "lakesmith.yml", _size(shop))]
    for name in shop.config.sources:
        with shop.sources_in_use():
            findings.extend(_by_subject(_of_source(shop, name)))
    broken = {finding.subject for finding in findings if finding.level == "error"}
    findings += [one for one in news.findings() if one.level != "error" or one.subject not in broken]
    if not shop.config.streams() and not shop.config.existing():
        findings.append(
            Finding("note", "sources", "no stream is described yet", "write one below `sources:` in lakesmith.yml")
        )
    elif not shop.has_models:
        findings.append(
            Finding("note", "models", "there are no dbt models yet", "`lakesmith scaffold` writes the first")
        )
    if shop.config.schedule or shop.config.pipelines:
        findings.append(
            Finding(
                "note", "schedule", "is checked and not acted on in this version", "start `lakesmith run` with cron"
            )
        )
    return [_masked(finding, shop.host.secrets.mask) for finding in findings]


def _of_source(shop: Workshop, name: str) -> Iterator[Finding]:
    try:
        if not shop.config.source(name).loads:
            yield from table_findings(shop, name)
            return
        own = list(shop.source(name).check())
        yield from own
        unreadable = {finding.subject for finding in own if finding.level == "error"}
        for spec in shop.config.source(name).streams:
            if str(spec.id) not in unreadable:
                yield from _ahead(shop, spec)
        yield from policy_findings(shop, name)
        yield from vanished_findings(shop, name)
    except LakesmithError as error:
        yield as_finding(name, error)


def _ahead(shop: Workshop, spec: StreamSpec) -> Iterator[Finding]:
    try:
        yield from type_findings(shop, spec)
    except LakesmithError as error:
        yield as_finding(str(spec.id), error)


def _by_subject(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with those about one stream beside each other, in the order in which streams came up first."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.subject, []).append(finding)
    return list(itertools.chain.from_iterable(groups.values()))


def _masked(finding: Finding, mask: Callable[[str], str]) -> Finding:
    return replace(finding, subject=mask(finding.subject), text=mask(finding.text), fix=mask(finding.fix))


def _size(shop: Workshop) -> str:
    streams, sources = len(shop.config.streams()), len(shop.config.sources)
    return f"{streams} {'stream' if streams == 1 else 'streams'} in {sources} {'source' if sources == 1 else 'sources'}"


def as_finding(subject: str, error: LakesmithError) -> Finding:
    """Return an error as a finding."""
    where = f" ({error.where})" if error.where else ""
    return Finding("error", subject, f"{error.what}{where}", error.fix)


def need_stream(shop: Workshop, name: str) -> StreamId:
    """Return the stream called `source.stream`, or by its own name if that is unique.

    Raises:
        SelectionError: If the project has no such stream.
    """
    known = {str(spec.id): spec.id for spec in shop.config.streams()}
    found = [stream for text, stream in known.items() if name in (text, stream.name)]
    if len(found) == 1:
        return found[0]
    near = get_close_matches(name, [*known, *(stream.name for stream in known.values())], n=1)
    raise SelectionError(
        f"There is no stream called {name!r}.",
        where="lakesmith.yml",
        fix=f"did you mean {near[0]}?" if near else f"the streams are {', '.join(known) or 'none'}",
    )
