-- Up to when the database has spoken: the newest change in any of its large tables. Marts end here, not at the clock of whoever runs them.
with changed as (
  select max(updated_at) as updated_at from {{ ref('stg_billing__customers') }}
  union all
  select max(updated_at) from {{ ref('stg_billing__subscriptions') }}
  union all
  select max(updated_at) from {{ ref('stg_billing__payments') }}
  union all
  select max(updated_at) from {{ ref('stg_billing__refunds') }}
)

select
  max(updated_at) as as_of,
  {{ lakesmith.utc_date('max(updated_at)') }} as as_of_on,
  {{ lakesmith.utc_date("(max(updated_at) - interval '" ~ var('settle_hours') ~ " hours')") }} as settled_on,
  {{ lakesmith.built_at() }} as _ls_built_at
from changed
