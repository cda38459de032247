-- Customers as they are now, and what they bought.
{{ config(tags=['report']) }}

with bought as (
  select customer_id, min(ordered_on) as first_order_on, count(*) as orders, {{ total('total') }} as revenue
  from {{ ref('fct_orders') }}
  where is_counted
  group by customer_id
),

waiting as (
  select customer_id, count(*) as open_tickets
  from {{ ref('fct_tickets') }}
  where is_open
  group by customer_id
)

select
  customers.customer_id,
  customers.customer_name,
  customers.email,
  customers.phone,
  customers.zip,
  customers.city,
  customers.version as versions,
  bought.first_order_on,
  coalesce(bought.orders, 0) as orders,
  cast(coalesce(bought.revenue, 0) as decimal(18, 2)) as revenue,
  coalesce(waiting.open_tickets, 0) as open_tickets,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('dim_customer') }} as customers
left join bought on bought.customer_id = customers.customer_id
left join waiting on waiting.customer_id = customers.customer_id
where customers.is_current
