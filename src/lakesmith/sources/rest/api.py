"""One API while it is read: the line to it, its secrets, and the plans of what is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lakesmith.errors import MissingExtraError
from lakesmith.host.clock import Clock
from lakesmith.host.patience import Patience
from lakesmith.model.streams import SourceContext
from lakesmith.sources.rest.flow.asking import Asking
from lakesmith.sources.rest.flow.plan import Plan
from lakesmith.sources.rest.options import RestOptions, RestStreamOptions
from lakesmith.sources.rest.scrub import Scrubber
from lakesmith.sources.rest.settings.auth import KeyAuth

SECRET_NAME = re.compile("token|key|secret|passw|auth|cookie|session|credential", re.IGNORECASE)
"""What parameters and headers are called whose values may be secrets: they are sent each time anew, and kept nowhere."""

Surroundings = tuple[Clock, Patience, Callable[[], float]]


class Api:
    """What all streams of a source share. Nothing is sent before it is used."""

    def __init__(
        self,
        options: RestOptions,
        context: SourceContext,
        around: Surroundings,
        secrets: Iterable[str] = (),
        needs: str = "",
    ) -> None:
        try:
            from lakesmith.sources.rest.driving.credentials import RULES, secrets_of
            from lakesmith.sources.rest.driving.line import Line
        except ImportError as error:
            raise MissingExtraError(
                f"APIs are read with the package {error.name}, which is not installed.",
                where=context.where,
                fix='pip install "lakesmith[rest]"',
            ) from error
        clock, patience, self._chance = around
        self.options, self.clock, self._where, self._needs = options, clock, context.where, needs
        auth, told = options.auth, {**options.params, **options.variables}
        headers = {name: value.get_secret_value() for name, value in options.headers.items()}
        self.scrub = Scrubber(
            [
                *secrets,
                *secrets_of(auth),
                *(value for name, value in headers.items() if SECRET_NAME.search(name)),
            ],
            [
                *([auth.query] if isinstance(auth, KeyAuth) and auth.query else []),
                *filter(SECRET_NAME.search, options.params),
            ],
            [*headers.values(), *(str(value) for name, value in told.items() if SECRET_NAME.search(name))],
        )
        tokens = Plan(
            name=context.name,
            asking=self._asking(context.where),
            options=RestStreamOptions(),
            retries=options.retries,
            chance=self._chance,
            scrub=self.scrub,
            rules=RULES,
            where=context.where,
            needs=needs,
        )
        self.line = Line(options, tokens, clock, patience)

    def plan(
        self,
        name: str,
        options: RestStreamOptions,
        places: Mapping[str, Any],
        *,
        key: tuple[str, ...] = (),
        where: str = "",
    ) -> Plan:
        """Return the plan of one flow."""
        return Plan(
            name=name,
            asking=self._asking(where or self._where),
            options=options,
            retries=self.options.retries,
            chance=self._chance,
            scrub=self.scrub,
            needs=self._needs,
            rules=(*options.errors, *self.options.errors),
            places={**options.variables, **places},
            key=key,
            where=where or self._where,
            flows=self.options.rate.concurrent,
        )

    def close(self) -> None:
        """End all connections."""
        self.line.close()

    def _asking(self, where: str) -> Asking:
        options = self.options
        return Asking(options.base_url, options.params, options.variables, self.scrub, where)
