-- The lines of an order add up to its total: a line that is not understood would show here.
select orders.order_id, orders.total, coalesce(sum(items.net), 0) as lines
from {{ ref('fct_orders') }} as orders
left join {{ ref('fct_order_items') }} as items on items.order_id = orders.order_id
group by orders.order_id, orders.total
having orders.total <> coalesce(sum(items.net), 0)
