-- Orders. `is_counted`: paid and not cancelled, which is money.
select
  orders.order_id,
  orders.order_number,
  orders.customer_id,
  orders.status,
  orders.status in ('paid', 'shipped', 'delivered') as is_counted,
  orders.status in ('paid', 'shipped', 'delivered') and row_number() over (
    partition by orders.customer_id, orders.status in ('paid', 'shipped', 'delivered') order by orders.ordered_at, orders.order_id
  ) = 1 as is_first,
  orders.total,
  orders.shipping_city,
  orders.shipping_zip,
  orders.ordered_at,
  {{ lakesmith.utc_date('orders.ordered_at') }} as ordered_on,
  orders.updated_at,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('stg_app__orders') }} as orders
