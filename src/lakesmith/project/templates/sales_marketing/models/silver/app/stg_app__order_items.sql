-- The items of orders as they are now: one row per line. `discount` came later; `quantity` was a number once, and is text since.
{% set orders = source('app', 'orders') %}

select
  _id as order_id,
  position,
  sku,
  name as product_name,
  quantity,
  price,
  coalesce(discount, 0) as discount,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.child_rows(lakesmith.current(orders, '_id'), 'items', '_id', parts={
  'sku': 'text', 'name': 'text', 'quantity': 'bigint', 'price': 'decimal(18, 2)', 'discount': 'decimal(18, 2)',
}, of=orders) }} as item
