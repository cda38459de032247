"""`lakesmith incidents`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lakesmith.cli.output import Output, common, json_option, output_for, project_option, target_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lakesmith.monitor.incidents.values import Incident

SHORT = 8
SHOWN = 50
REASONS = ("fixed_at_source", "code_fix", "config", "false_positive", "expected_change", "duplicate")
note_option = click.option("--note", default="", help="A sentence for those who come after you.")
all_option = click.option("--all", "all_of_them", is_flag=True, help="Also those that are resolved.")


@click.group("incidents", invoke_without_command=True)
@common(all_option, project_option, target_option, json_option)
@click.pass_context
def command(ctx: click.Context, /, all_of_them: bool, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Show what needs a person: one incident for each cause, what changed before it, and whether the data is safe."""
    if ctx.invoked_subcommand is not None:
        return 0
    from lakesmith.api.incidents import opened
    from lakesmith.api.storing import store_in_use
    from lakesmith.monitor.incidents import reading

    output = output_for(as_json=as_json)
    shop = opened(given["folder"], given["target"])
    with store_in_use(shop) as store:
        found = reading.incidents(store, shop.target.name, all_of_them=all_of_them, limit=SHOWN)
    rows = [_row(one) for one in found]
    output.table("incidents", rows, empty="No incident is open.", sentence=_line)
    if rows:
        output.say("\n`lakesmith incidents show ID` tells what changed, who is hit and what to do.", mood="quiet")
    output.close()
    return 0


def _row(one: Incident) -> dict[str, Any]:
    below = one.facts.get("downstream") or {}
    return {
        "incident_id": one.incident_id,
        "state": one.state,
        "severity": one.severity,
        "subject": one.subject,
        "title": one.title,
        "since_utc": one.opened_at,
        "resolved_at_utc": one.resolved_at,
        "resolution": one.resolution,
        "owner": one.owner,
        "hits": len({touched.subject for touched in one.touched}),
        "models_downstream": below.get("models") if one.is_downstream_known else None,
        "data_safe": one.data_safe,
        "occurrences": one.occurrences,
    }


def _line(row: Mapping[str, Any]) -> str:
    owner = f", {row['owner']}" if row["owner"] else ""
    hits = f", {row['hits']:,} hit" if row["hits"] > 1 else ""
    state = row["state"] if row["state"] != "resolved" else f"resolved ({row['resolution'].replace('_', ' ')})"
    about = f"{state}, {row['severity']}, since {row['since_utc']:%Y-%m-%d %H:%M} UTC{hits}{owner}"
    return f"{row['incident_id'][:SHORT]}  {row['subject']}: {row['title']}\n          {about}"


@command.command("show")
@click.argument("incident")
@common(project_option, target_option, json_option)
def show(incident: str, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Tell all that is known of INCIDENT (its id, or enough of it): what changed first, then the rest."""
    from lakesmith.api.incidents import opened
    from lakesmith.api.storing import store_in_use
    from lakesmith.monitor.incidents import acting, reading

    output = output_for(as_json=as_json)
    with store_in_use(opened(given["folder"], given["target"])) as store:
        found = acting.find(store, incident)
        story = reading.story(store, found.incident_id)
    _tell(found, output)
    rows = [{"at_utc": one.at, "what": one.kind, "who": one.actor, "detail": one.detail} for one in story]
    output.say("\nWhat happened", mood="head")
    output.table(
        "story",
        rows,
        sentence=lambda row: f"  {row['at_utc']:%Y-%m-%d %H:%M}  {row['what']} ({row['who']}): {row['detail']}",
    )
    touched = [
        {"subject": one.subject, "role": one.role, "rule": one.rule, "since_utc": one.since, "until_utc": one.until}
        for one in found.touched
    ]
    output.facts({**_row(found), "note": found.note, "touched": touched, "facts": dict(found.facts)})
    output.close()
    return 0


def _tell(one: Incident, output: Output) -> None:
    from lakesmith.monitor.alerts.messages import lines_of

    output.say(f"{one.subject}: {one.title}", mood="bad" if one.severity == "error" else "warn")
    since = f"since {one.opened_at:%Y-%m-%d %H:%M} UTC"
    output.say(f"{one.state}, {one.severity}, {since}, seen {one.occurrences:,} ×, {one.incident_id}", mood="quiet")
    for word, text in lines_of(one):
        output.say(f"{word + ':':<10}{text}")
    for reason in list(one.facts.get("reasons") or ())[:3]:
        output.say(f"{'Saw:':<10}{reason}")


@command.command("acknowledge")
@click.argument("incident")
@common(note_option, project_option, target_option, json_option)
def acknowledge(incident: str, note: str, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """Say that you see to INCIDENT: it is not told again until it gets worse or ends."""
    from lakesmith.api import incidents
    from lakesmith.api.storing import store_in_use

    output = output_for(as_json=as_json)
    shop = incidents.opened(given["folder"], given["target"])
    with store_in_use(shop) as store:
        done = incidents.acknowledge(shop, store, incident, note=note)
    output.say(f"{done.subject}: acknowledged by {done.acknowledged_by}.", mood="good")
    output.facts(_row(done))
    output.close()
    return 0


@command.command("resolve")
@click.argument("incident")
@click.option("--reason", required=True, type=click.Choice(REASONS), help="Why it is over.")
@click.option("--note", required=True, help="What it was, in a sentence: it is shown when this is seen again.")
@common(project_option, target_option, json_option)
def resolve(incident: str, reason: str, note: str, as_json: bool, **given: Any) -> int:  # noqa: FBT001
    """End INCIDENT with a reason and a note. What is good again ends by itself."""
    from lakesmith.api import incidents
    from lakesmith.api.storing import store_in_use

    output = output_for(as_json=as_json)
    shop = incidents.opened(given["folder"], given["target"])
    with store_in_use(shop) as store:
        done = incidents.resolve(shop, store, incident, reason=reason, note=note)
    output.say(f"{done.subject}: resolved, {done.resolution.replace('_', ' ')}.", mood="good")
    output.facts(_row(done))
    output.close()
    return 0
