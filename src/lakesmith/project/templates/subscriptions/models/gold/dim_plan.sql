-- Plans, and one row for money that is booked on none.
with named as (
  select
    plan_id,
    code as plan_code,
    name as plan_name,
    billing_interval,
    case when billing_interval = 'year' then 12 else 1 end as months,
    amount,
    is_archived,
    updated_at
  from {{ ref('stg_billing__plans') }}

  union all

  select 0, 'UNKNOWN', 'Unknown', null, 1, null, false, null
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from named
