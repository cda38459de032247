-- Lines of orders, with what their order says.
select
  {{ lakesmith.surrogate_key(['items.order_id', 'items.position']) }} as order_item_sk,
  items.order_id,
  items.position,
  orders.customer_id,
  orders.ordered_on,
  orders.is_counted,
  items.sku,
  items.product_name,
  items.quantity,
  items.price,
  cast(items.quantity * items.price as decimal(18, 2)) as gross,
  items.discount,
  cast(items.quantity * items.price - items.discount as decimal(18, 2)) as net,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('stg_app__order_items') }} as items
inner join {{ ref('fct_orders') }} as orders on orders.order_id = items.order_id
