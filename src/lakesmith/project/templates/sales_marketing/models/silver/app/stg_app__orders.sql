-- Orders as they are now. `total` was a number once, and is text with its currency since; the app's drafts are not loaded.
{% set orders = source('app', 'orders') %}

select
  _id as order_id,
  number as order_number,
  customer_id,
  status,
  {{ money_of(orders, 'total') }} as total,
  {{ lakesmith.nested_part('shipping_address', 'city') }} as shipping_city,
  {{ lakesmith.nested_part('shipping_address', 'zip') }} as shipping_zip,
  {{ lakesmith.nested_part('shipping_address', 'country') }} as shipping_country,
  ordered_at,
  updated_at,
  _ls_seq,
  _ls_op,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(orders, '_id') }} as image
