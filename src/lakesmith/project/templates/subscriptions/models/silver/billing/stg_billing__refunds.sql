-- Money given back, as it is now, cleaned. Columns the database gets arrive by themselves.
{% set refunds = source('billing', 'refunds') %}

with cleaned as (
  select
    {{ lakesmith.star(refunds, replace={'amount': 'cast(amount as decimal(18, 2))'}) }},
    _ls_seq,
    _ls_op
  from {{ refunds }}
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current('cleaned', 'refund_id') }}
