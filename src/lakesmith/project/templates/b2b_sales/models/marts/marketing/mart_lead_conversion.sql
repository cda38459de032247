-- The funnel of the leads created on a day, per campaign, as it stands now.
{{ config(tags=['report']) }}

with funnel as (
  select
    created_on,
    campaign,
    count(*) as leads,
    count(*) filter (where was_contacted) as contacted,
    count(*) filter (where was_qualified) as qualified,
    count(*) filter (where is_converted) as converted,
    count(*) filter (where is_lost) as lost
  from {{ ref('fct_leads') }}
  group by 1, 2
)

select
  *,
  cast({{ lakesmith.divide('converted', 'leads', 4) }} as decimal(9, 4)) as conversion_rate,
  {{ lakesmith.built_at() }} as _ls_built_at
from funnel
