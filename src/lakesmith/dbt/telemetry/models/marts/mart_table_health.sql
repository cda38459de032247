-- How every table is: the worst of what its rules thought last, and what still needs somebody. One row per target and table.
-- It is good only if its loads, its freshness and its checks were all looked at.
with judged as (
  select
    target,
    subject,
    rule,
    verdict,
    reason,
    judged_at,
    row_number() over (
      partition by target, subject, rule, column_name order by judged_at desc, judgement_id desc
    ) as place
  from {{ ref('stg_SOURCE__judgements') }}
),

ranked as (
  select
    *,
    case verdict when 'bad' then 1 when 'warn' then 2 when 'unknown' then 3 when 'learning' then 4 else 5 end as badness
  from judged
  where place = 1
),

looked as (
  select
    target,
    subject,
    max(case when rule in ('schedule', 'age', 'event_age', 'publication', 'checks') then 0 else 1 end)
    + max(case when rule in ('schedule', 'age', 'event_age', 'publication') then 1 else 0 end)
    + max(case when rule = 'checks' then 1 else 0 end) as parts
  from ranked
  group by target, subject
),

thought as (
  select
    *,
    row_number() over (partition by target, subject order by badness, judged_at desc, reason) as worst
  from ranked
),

loads as (
  select
    table_sk,
    max(case when state <> 'failed' then finished_at end) as last_success_at,
    cast(sum(case when is_recent then rows_written end) as bigint) as rows_written,
    cast(sum(case when is_recent then rows_quarantined end) as bigint) as rows_quarantined,
    count(case when is_recent and state = 'failed' then 1 end) as loads_failed
  from (
    select
      table_sk,
      state,
      finished_at,
      rows_written,
      rows_quarantined,
      loaded_on > {{ lakesmith.utc_date(lakesmith.built_at()) }} - 7 as is_recent
    from {{ ref('fct_loads') }}
  ) as dated
  group by table_sk
),

newest as (
  select
    table_sk,
    rows_after,
    row_number() over (partition by table_sk order by finished_at desc) as place
  from {{ ref('fct_loads') }}
  where rows_after is not null
),

incidents as (
  select target, subject, count(*) as open_incidents
  from {{ ref('stg_SOURCE__incidents') }}
  where state <> 'resolved'
  group by target, subject
)

select
  tables.table_sk,
  tables.target,
  tables.table_name,
  tables.source_name,
  case
    when thought.badness <= 3 then thought.verdict
    when looked.parts = 3 then thought.verdict
    else 'unknown'
  end as verdict,
  case
    when thought.verdict is null then 'no rule has judged it yet'
    when thought.badness <= 3 or looked.parts = 3 then thought.reason
    else 'not all of its loads, its freshness and its checks were looked at'
  end as reason,
  thought.judged_at,
  loads.last_success_at,
  newest.rows_after as table_rows,
  coalesce(loads.rows_written, 0) as rows_written_7d,
  coalesce(loads.rows_quarantined, 0) as rows_quarantined_7d,
  coalesce(loads.loads_failed, 0) as loads_failed_7d,
  coalesce(incidents.open_incidents, 0) as open_incidents,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('dim_table') }} as tables
left join thought on thought.target = tables.target and thought.subject = tables.table_name and thought.worst = 1
left join looked on looked.target = tables.target and looked.subject = tables.table_name
left join loads on loads.table_sk = tables.table_sk
left join newest on newest.table_sk = tables.table_sk and newest.place = 1
left join incidents on incidents.target = tables.target and incidents.subject = tables.table_name
