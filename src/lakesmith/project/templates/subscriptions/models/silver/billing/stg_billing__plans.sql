-- Plans as they are now, cleaned. Columns the database gets arrive by themselves.
{% set plans = source('billing', 'plans') %}

with cleaned as (
  select
    {{ lakesmith.star(plans, replace={
      'code': 'upper(' ~ lakesmith.tidy('code') ~ ')',
      'name': lakesmith.tidy('name'),
      'amount': 'cast(amount as decimal(18, 2))',
    }) }},
    _ls_seq,
    _ls_op
  from {{ plans }}
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current('cleaned', 'plan_id') }}
