"""What an incident is about and is no part of the project any more, or is not asked for any more: nobody will ever see it good."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from lakesmith.api.promising import Promises
from lakesmith.monitor.incidents import naming
from lakesmith.monitor.incidents.values import CHECK, DELIVERY, FAULT, LOST, MODEL
from lakesmith.monitor.judging import freshness, volume
from lakesmith.monitor.judging.columns import RULES as COLUMN_RULES
from lakesmith.monitor.judging.values import FRESHNESS_RULES

if TYPE_CHECKING:
    from lakesmith.api.relations import Relations
    from lakesmith.monitor.incidents.values import Touched
    from lakesmith.run.workshop import Workshop

ALERTS, PUBLISH = "alerts.", "publish:"
OF_MARTS = ("load", "checks", freshness.PUBLICATION)
"""Rules that are about relations of dbt too; all others are about streams alone."""


class Departed:
    """Says of a part of an incident whether it has left the project. What is not known has not."""

    def __init__(self, shop: Workshop, relations: Relations) -> None:
        self._config, self._relations = shop.config, relations
        self._promises = Promises(shop, relations)

    def __call__(self, part: Touched) -> bool:
        """Whether the project has no such thing any more, or does not ask this of it any more."""
        if part.rule in (CHECK, MODEL):
            return self._relations.manifest is not None and part.subject not in self._relations.manifest.nodes
        if part.rule == DELIVERY:
            return part.subject.removeprefix(ALERTS) not in self._config.alerts.channels
        if part.rule == FAULT and part.subject.startswith(PUBLISH):
            return part.subject.removeprefix(PUBLISH) not in self._config.publish
        if part.rule == LOST or "." not in part.subject or ":" in part.subject:
            return False
        if self._is_no_table(part.subject, is_of_stream=part.rule not in OF_MARTS):
            return True
        return part.rule != FAULT and not naming.is_group(part.subject) and self._is_unasked(part)

    @cached_property
    def _streams(self) -> frozenset[str]:
        """The streams of all sources, those that others load as well."""
        others = (str(spec.id) for source in self._config.existing() for spec in source.streams)
        return frozenset({*self._promises.streams, *others})

    def _is_no_table(self, subject: str, *, is_of_stream: bool) -> bool:
        source, _, name = subject.partition(".")
        if source in self._config.sources:
            return not naming.is_group(name) and subject not in self._streams
        if is_of_stream or naming.is_group(subject):
            return True  # its first word was a source
        return self._relations.manifest is not None and not self._relations.knows(subject)

    def _is_unasked(self, part: Touched) -> bool:
        """Whether nobody promises any more what a rule is about, or the table is not watched any more."""
        watch = self._promises.watch(part.subject)
        if part.rule == freshness.SCHEDULE:
            return not self._promises.has_schedule(part.subject)
        if part.rule in FRESHNESS_RULES:
            promise = self._promises.promise(part.subject, ())
            return promise.schedule is None and promise.max_age is None
        return (part.rule == volume.RULE and not watch.volume) or (part.rule in COLUMN_RULES and not watch.columns)
