{#
  Visitors that are no people, one row per client and agent: is_by_agent (it says so), is_by_robots (it asked for /robots.txt),
  is_by_rate (more requests in a minute of the clock than a person makes), is_bot (any of them). Null is a value.

    select * from {{ lakesmith.bots(ref('stg_weblogs')) }} as bots

  relation:   a relation or the name of a CTE with one row per request
  per_minute: more requests than these in one minute are a program's; none to leave the rate out. Behind one address may be many
              people: count pages, not what a page pulls in
#}
{% macro bots(relation, client='client_ip', agent='user_agent', path='path', at='requested_at', per_minute=120) -%}
  (
    select
      {{ client }} as client, {{ agent }} as agent, sum(ls_requests) as requests,
      {{ lakesmith.is_bot(agent) }} as is_by_agent,
      max(ls_robots) = 1 as is_by_robots,
      {% if per_minute is none %}false{% else %}max(ls_requests) > {{ per_minute }}{% endif %} as is_by_rate,
      {{ lakesmith.is_bot(agent) }} or max(ls_robots) = 1{% if per_minute is not none %} or max(ls_requests) > {{ per_minute }}{% endif %} as is_bot
    from (
      select {{ client }}, {{ agent }}, count(*) as ls_requests,
        max(case when {{ lakesmith.page_path(path) }} = '/robots.txt' then 1 else 0 end) as ls_robots
      from {{ relation }}
      group by {{ client }}, {{ agent }}, date_trunc('minute', {{ at }})
    ) as ls_minutes
    group by {{ client }}, {{ agent }}
  )
{%- endmacro %}


{#
  Requests in sessions: what one visitor does without a silence of more than `minutes` minutes. One row per request: all columns
  of the relation, and visitor_id, session_id, session_started_at, session_ended_at, session_request (1, 2, ...), session_requests.

    select * from {{ lakesmith.sessions(ref('stg_weblogs')) }} as sessions

  relation: a relation or the name of a CTE with one row per request
  visitor:  expressions that tell visitors apart, such as ['cookie_id']; null is a value
  at:       the instant of a request; requests without one belong to no session, and have nulls
  key:      a column that is unique and grows with every request that arrives
  since:    in an incremental model {{ this }}: then only the visitors that have new requests come, with all their requests, in which
            late ones have found their place. Give the model `unique_key` = `key`

  session_id is made of the visitor and the request of the session that arrived first. So it is the same in a full and in an
  incremental run, and does not change when requests arrive late that belong to the session; where a late one joins two sessions,
  the one that arrived first keeps its id.
#}
{% macro sessions(relation, visitor=['client_ip', 'user_agent'], at='requested_at', key='_ls_seq', minutes=30, since=none) -%}
  {%- set visitors = [visitor] if visitor is string else visitor -%}
  {%- set order = at ~ ', ' ~ key -%}
  {%- set visit = 'visitor_id, ' ~ at ~ ' is null' -%}
  {%- set known = 'case when ' ~ at ~ ' is not null then ' -%}
  (
    with ls_visits as (
      select ls_request.*, {{ lakesmith.surrogate_key(visitors) }} as visitor_id
      from {{ relation }} as ls_request
    ),
    ls_asked as (
      select * from ls_visits
      {%- if since is not none %}
      where visitor_id in (
        select visitor_id from ls_visits where {{ key }} > (select coalesce(max({{ key }}), -1) from {{ since }})
      )
      {%- endif %}
    ),
    ls_gaps as (
      select ls_asked.*,
        case when {{ at }} <= lag({{ at }}) over (partition by {{ visit }} order by {{ order }}) + interval '{{ minutes }} minutes'
          then 0 else 1 end as ls_begins
      from ls_asked
    ),
    ls_numbered as (
      select ls_gaps.*, sum(ls_begins) over (partition by {{ visit }} order by {{ order }} rows unbounded preceding) as ls_session
      from ls_gaps
    ),
    ls_dated as (
      select ls_numbered.*,
        min({{ key }}) over (partition by {{ visit }}, ls_session) as ls_first,
        min({{ at }}) over (partition by {{ visit }}, ls_session) as session_started_at,
        max({{ at }}) over (partition by {{ visit }}, ls_session) as session_ended_at,
        {{ known }} row_number() over (partition by {{ visit }}, ls_session order by {{ order }}) end as session_request,
        {{ known }} count(*) over (partition by {{ visit }}, ls_session) end as session_requests
      from ls_numbered
    )
    select {{ lakesmith.all_but('ls_dated', ['ls_begins', 'ls_session', 'ls_first'], relation, added=[
      'visitor_id', 'session_started_at', 'session_ended_at', 'session_request', 'session_requests']) }},
      {{ known }} {{ lakesmith.surrogate_key(['visitor_id', 'ls_first']) }} end as session_id
    from ls_dated
  )
{%- endmacro %}

