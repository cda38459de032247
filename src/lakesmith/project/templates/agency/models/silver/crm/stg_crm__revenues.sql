-- Every way in which the client list writes a revenue, and what it means: one row per spelling, so that people can look it through.
with spellings as (
  select distinct annual_revenue as spelling
  from {{ source('crm', 'clients') }}
  where annual_revenue is not null
),

read as (
  select spelling, {{ lakesmith.parse_magnitude('spelling') }} as revenue
  from spellings
)

select
  spelling,
  revenue,
  case when revenue is not null then {{ currency_of('spelling') }} end as currency,
  {{ lakesmith.built_at() }} as _ls_built_at
from read
