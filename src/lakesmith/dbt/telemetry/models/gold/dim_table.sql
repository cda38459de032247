-- Tables that loads or rules speak of. One row per target and table.
with seen as (
  select runs.target, loads.stream as table_name, loads.finished_at as loaded_at
  from {{ ref('stg_SOURCE__loads') }} as loads
  join {{ ref('stg_SOURCE__runs') }} as runs on runs.run_id = loads.run_id

  union all

  select target, subject as table_name, cast(null as {{ lakesmith.type_instant() }}) as loaded_at
  from {{ ref('stg_SOURCE__judgements') }}
  where subject not like '%.*' -- a source as a whole
)

select
  {{ lakesmith.surrogate_key(['target', 'table_name']) }} as table_sk,
  target,
  table_name,
  split_part(table_name, '.', 1) as source_name,
  min(loaded_at) as first_loaded_at,
  max(loaded_at) as last_loaded_at,
  {{ lakesmith.built_at() }} as _ls_built_at
from seen
group by target, table_name
