-- Orders as they are now, cleaned.
{% set orders = source('backoffice', 'orders') %}

with cleaned as (
  select
    {{ lakesmith.star(orders, replace={
      'order_id': lakesmith.clean_key('order_id'),
      'customer_id': lakesmith.clean_key('customer_id'),
      'product_id': lakesmith.clean_key('product_id'),
      'ordered_at': lakesmith.parse_timestamp('ordered_at'),
      'quantity': lakesmith.sibling(orders, 'quantity', lakesmith.parse_integer('quantity__string')),
      'unit_price': lakesmith.parse_money('unit_price'),
      'discount_pct': lakesmith.sibling(orders, 'discount_pct', lakesmith.parse_integer('discount_pct__string')),
      'status': 'lower(trim(status))',
    }) }},
    _ls_seq,
    _ls_op
  from {{ orders }}
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current('cleaned', 'order_id') }}
