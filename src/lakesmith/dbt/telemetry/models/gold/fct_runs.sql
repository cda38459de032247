-- Runs that are over, with what they moved and what failed. One row per run.
with loads as (
  select
    run_id,
    count(*) as loads,
    cast(sum(rows_read) as bigint) as rows_read,
    cast(sum(rows_written) as bigint) as rows_written,
    cast(sum(rows_quarantined) as bigint) as rows_quarantined,
    cast(sum(rows_filtered) as bigint) as rows_filtered,
    cast(sum(bytes_read) as bigint) as bytes_read,
    cast(sum(size_bytes) as bigint) as bytes_written
  from {{ ref('stg_SOURCE__loads') }}
  group by run_id
),

checks as (
  select
    run_id,
    count(*) as checks,
    count(case when status in ('fail', 'error') then 1 end) as checks_failed,
    count(case when status = 'warn' then 1 end) as checks_warned
  from {{ ref('stg_SOURCE__checks') }}
  group by run_id
),

errors as (
  select run_id, count(*) as errors from {{ ref('stg_SOURCE__errors') }} group by run_id
)

select
  runs.run_id,
  runs.project,
  runs.target,
  coalesce(nullif(runs.pipeline, ''), 'everything') as pipeline,
  runs.command,
  runs.started_by,
  runs.state,
  {{ lakesmith.utc_date('runs.finished_at') }} as finished_on,
  runs.started_at,
  runs.finished_at,
  cast(extract(epoch from runs.finished_at - runs.started_at) as double precision) as seconds,
  runs.cpu_s,
  runs.peak_rss_bytes,
  coalesce(loads.loads, 0) as loads,
  coalesce(loads.rows_read, 0) as rows_read,
  coalesce(loads.rows_written, 0) as rows_written,
  coalesce(loads.rows_quarantined, 0) as rows_quarantined,
  coalesce(loads.rows_filtered, 0) as rows_filtered,
  loads.bytes_read,
  loads.bytes_written,
  coalesce(checks.checks, 0) as checks,
  coalesce(checks.checks_failed, 0) as checks_failed,
  coalesce(checks.checks_warned, 0) as checks_warned,
  coalesce(errors.errors, 0) as errors,
  runs.code_version,
  runs.version,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('stg_SOURCE__runs') }} as runs
left join loads on loads.run_id = runs.run_id
left join checks on checks.run_id = runs.run_id
left join errors on errors.run_id = runs.run_id
