-- What each pipeline did on each day (UTC). One row per target, pipeline and day on which a run ended.
select
  {{ lakesmith.surrogate_key(['target', 'pipeline', 'finished_on']) }} as pipeline_day_sk,
  target,
  pipeline,
  finished_on,
  count(*) as runs,
  count(case when state in ('succeeded', 'warned', 'nothing_new') then 1 end) as runs_well,
  count(case when state = 'failed' then 1 end) as runs_failed,
  count(case when state = 'lost' then 1 end) as runs_lost,
  count(case when state = 'stopped' then 1 end) as runs_stopped,
  sum(seconds) as seconds,
  max(seconds) as longest_run_s,
  sum(cpu_s) as cpu_s,
  cast(sum(rows_read) as bigint) as rows_read,
  cast(sum(rows_written) as bigint) as rows_written,
  cast(sum(rows_quarantined) as bigint) as rows_quarantined,
  cast(sum(rows_filtered) as bigint) as rows_filtered,
  cast(sum(bytes_read) as bigint) as bytes_read,
  cast(sum(bytes_written) as bigint) as bytes_written,
  cast(sum(checks_failed) as bigint) as checks_failed,
  cast(sum(errors) as bigint) as errors,
  max(case when state in ('succeeded', 'warned', 'nothing_new') then finished_at end) as last_success_at,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('fct_runs') }}
group by target, pipeline, finished_on
