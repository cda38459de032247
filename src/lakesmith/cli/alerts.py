"""`lakesmith alerts`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import common, json_option, output_for, project_option, target_option
from lakesmith.errors import UsageError

if TYPE_CHECKING:
    from lakesmith.monitor.alerts.mutes import Mute
    from lakesmith.run.workshop import Workshop

SHORT = 13
SHOWN = 30
UNTIL = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")
ANY = "any"


@click.group("alerts", invoke_without_command=True)
@common(project_option, target_option, json_option)
@click.pass_context
def command(ctx: click.Context, /, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Show who is told what: channels, routes and mutes; try a channel; see what was sent."""
    if ctx.invoked_subcommand is not None:
        return 0
    from lakesmith.api.incidents import opened
    from lakesmith.api.storing import store_in_use
    from lakesmith.monitor.alerts import mutes
    from lakesmith.monitor.alerts.channels.sending import missing

    output = output_for(as_json=as_json)
    shop = opened(given["folder"], given["target"])
    settings = shop.config.alerts
    channels = [
        {"channel": name, "type": channel.type, "usable": not missing(channel)}
        for name, channel in settings.channels.items()
    ]
    output.table("channels", channels, empty="Nobody is told anything: lakesmith.yml has no `alerts.channels`.")
    routes = [
        {
            "route": route.name or f"route {number}",
            "owner": route.owner or ANY,
            "tag": route.tag or ANY,
            "severity": route.severity or ANY,
            "select": route.select or ANY,
            "channels": ", ".join(route.channels),
        }
        for number, route in enumerate(settings.routes, start=1)
    ]
    rest = {"owner": ANY, "tag": ANY, "severity": ANY, "select": ANY}
    routes.append({"route": "default", **rest, "channels": ", ".join(settings.fallback())})
    if channels:
        output.say("\nThe first route that fits wins", mood="head")
        output.table("routes", routes)
    with store_in_use(shop) as store:
        silent = [_mute(one) for one in mutes.in_force(store, shop.host.clock.now())]
    output.say("\nMutes", mood="head")
    output.table("mutes", silent, empty="None is in force.", sentence=_mute_line)
    output.close()
    return 0


@command.command("test")
@click.argument("channel", required=False)
@common(project_option, target_option, json_option)
def test(channel: str | None, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Send a marked message over CHANNEL (default: all), and print what came back."""
    from lakesmith.api import alerts
    from lakesmith.api.incidents import opened
    from lakesmith.api.storing import store_in_use

    output = output_for(as_json=as_json)
    shop = opened(given["folder"], given["target"])
    with store_in_use(shop) as store:
        came_back = alerts.try_out(shop, store, channel)
    rows = [{"channel": name, "ok": sent.ok, "came_back": sent.told} for name, sent in came_back]
    for row in rows:
        output.say(f"{row['channel']}: {row['came_back']}", mood="good" if row["ok"] else "bad")
    output.facts({"tests": rows})
    output.close()
    return 0 if all(sent.ok for _, sent in came_back) else 1


@command.command("routes")
@click.option("--for", "table", required=True, help="The table: `shop.orders`, `marts.mart_x`.")
@common(project_option, target_option, json_option)
def routes(table: str, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Say where messages about a table would go, and send nothing."""
    from lakesmith.api import alerts
    from lakesmith.api.incidents import opened
    from lakesmith.api.storing import store_in_use

    output = output_for(as_json=as_json)
    shop = opened(given["folder"], given["target"])
    with store_in_use(shop) as store:
        found = alerts.explain(shop, store, table)
    for one in found:
        where = ", ".join(one.way.channels) or "nowhere"
        output.say(f"{one.severity}: {one.way.route} → {where}")
        for mute in one.muted_by:
            output.say(f"  but muted until {mute.until:%Y-%m-%d %H:%M} UTC: {mute.reason}", mood="warn")
    about = found[0]
    output.say(f"owner {about.owner or 'nobody'}; tags {', '.join(about.tags) or 'none'}", mood="quiet")
    rows = [
        {
            "severity": one.severity,
            "route": one.way.route,
            "channels": list(one.way.channels),
            "muted_by": [mute.mute_id for mute in one.muted_by],
        }
        for one in found
    ]
    output.facts({"table": table, "owner": about.owner, "tags": list(about.tags), "ways": rows})
    output.close()
    return 0


@command.command("deliveries")
@click.option("--limit", default=SHOWN, show_default=True, help="How many to print.")
@common(project_option, target_option, json_option)
def deliveries(limit: int, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Show what was sent, what waits and why, newest first."""
    from lakesmith.api.incidents import opened
    from lakesmith.api.storing import store_in_use
    from lakesmith.monitor.alerts import queueing

    output = output_for(as_json=as_json)
    with store_in_use(opened(given["folder"], given["target"])) as store:
        found = queueing.deliveries(store, limit)
    rows = [
        {
            "queued_at_utc": one.queued_at,
            "channel": one.channel,
            "kind": one.kind,
            "state": one.state,
            "attempts": one.attempts,
            "sent_at_utc": one.sent_at,
            "next_try_at_utc": one.next_try_at if one.sent_at is None else None,
            "fault": one.fault,
            "suppressed_by": one.suppressed_by,
            "headline": str(one.body.get("headline", "")),
        }
        for one in found
    ]
    output.table("deliveries", rows, empty="No message was made yet.", sentence=_delivery_line)
    output.close()
    return 0


@command.command("deliver")
@common(project_option, target_option, json_option)
def deliver(as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Send what is due now, and say what still waits: for machines without `lakesmith up`, from cron."""
    from lakesmith.api import alerts
    from lakesmith.api.incidents import opened
    from lakesmith.api.storing import store_in_use
    from lakesmith.monitor.alerts import queueing

    output = output_for(as_json=as_json)
    shop = opened(given["folder"], given["target"])
    with store_in_use(shop) as store:
        alerts.announce(shop, store)
        waiting = sum(one.state in ("waiting", "sending") for one in queueing.deliveries(store, 1000))
    output.say("All messages are sent." if not waiting else f"{waiting:,} messages wait: lakesmith alerts deliveries")
    output.facts({"waiting": waiting})
    output.close()
    return 0 if not waiting else 1


@command.command("mute")
@click.option(
    "--select", "selection", required=True, help="What to be silent about: `shop.*`, `owner:finance`, `tag:x`."
)
@click.option("--until", type=click.DateTime(UNTIL), default=None, help="When it ends, in UTC.")
@click.option("--for", "span", default=None, help="How long it lasts: `2h`, `3d`. Instead of --until.")
@click.option("--reason", required=True, help="Why, in a sentence.")
@common(project_option, target_option, json_option)
def mute(selection: str, reason: str, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Keep messages back for a while. Incidents are opened all the same, and told once it ends if they are open then."""
    from lakesmith.api import alerts
    from lakesmith.api.incidents import opened
    from lakesmith.api.storing import store_in_use

    output = output_for(as_json=as_json)
    shop = opened(given["folder"], given["target"])
    until = _end(shop, given["until"], given["span"])
    with store_in_use(shop) as store:
        made = alerts.mute(shop, store, selection, until=until, reason=reason)
    output.say(f"Silent about {made.select} until {made.until:%Y-%m-%d %H:%M} UTC.", mood="good")
    output.facts(_mute(made))
    output.close()
    return 0


@command.command("unmute")
@click.argument("mute_or_selection")
@common(project_option, target_option, json_option)
def unmute(mute_or_selection: str, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """End a mute, by its id (or enough of it) or its selection."""
    from lakesmith.api import alerts
    from lakesmith.api.incidents import opened
    from lakesmith.api.storing import store_in_use

    output = output_for(as_json=as_json)
    shop = opened(given["folder"], given["target"])
    with store_in_use(shop) as store:
        ended = alerts.unmute(shop, store, mute_or_selection)
    output.say(f"Messages about {ended.select} are sent again.", mood="good")
    output.facts(_mute(ended))
    output.close()
    return 0


@command.command("mutes")
@common(project_option, target_option, json_option)
def mutes_in_force(as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """List the mutes in force, the one that ends first on top."""
    from lakesmith.api.incidents import opened
    from lakesmith.api.storing import store_in_use
    from lakesmith.monitor.alerts import mutes

    output = output_for(as_json=as_json)
    shop = opened(given["folder"], given["target"])
    with store_in_use(shop) as store:
        found = mutes.in_force(store, shop.host.clock.now())
    output.table("mutes", [_mute(one) for one in found], empty="None is in force.", sentence=_mute_line)
    output.close()
    return 0


def _end(shop: Workshop, until: datetime | None, span: str | None) -> datetime:
    from lakesmith.project.times import parse_duration

    if (until is None) == (span is None):
        raise UsageError("A mute takes either --until or --for.", where="the command line", fix="add --for 2h")
    if until is not None:
        return until.replace(tzinfo=UTC)
    try:
        return shop.host.clock.now() + parse_duration(span)
    except ValueError as error:
        raise UsageError(f"--for {error}.", where="the command line", fix="write 30m, 2h or 3d") from None


def _mute(one: Mute) -> dict[str, Any]:
    return {
        "mute_id": one.mute_id,
        "select": one.select,
        "until_utc": one.until,
        "reason": one.reason,
        "actor": one.actor,
        "created_at_utc": one.created_at,
    }


def _mute_line(row: Any) -> str:
    return f"{row['select']} until {row['until_utc']:%Y-%m-%d %H:%M} UTC ({row['actor']}): {row['reason']}\n    {row['mute_id']}"


def _delivery_line(row: Any) -> str:
    tries = f", {row['attempts']:,} tries" if row["attempts"] > 1 else ""
    why = f"\n    {row['fault']}" if row["fault"] else ""
    muted = f" by mute {row['suppressed_by'][:SHORT]}" if row["suppressed_by"] else ""
    about = f"{row['channel']}: {row['kind']}, {row['state']}{muted}{tries}"
    headline = f"\n    {row['headline']}" if row["headline"] else ""
    return f"{row['queued_at_utc']:%Y-%m-%d %H:%M}  {about}{headline}{why}"
