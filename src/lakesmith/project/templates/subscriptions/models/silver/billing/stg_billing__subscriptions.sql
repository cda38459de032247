-- Subscriptions as they are now, cleaned. Columns the database gets arrive by themselves.
{% set subscriptions = source('billing', 'subscriptions') %}

with cleaned as (
  select
    {{ lakesmith.star(subscriptions, replace={
      'quantity': 'coalesce(quantity, 1)',
      'unit_amount': 'cast(unit_amount as decimal(18, 2))',
      'currency': currency_of(['currency']),
      'valid_to': open_end('valid_to'),
    }) }},
    _ls_seq,
    _ls_op
  from {{ subscriptions }}
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current('cleaned', 'subscription_id') }}
