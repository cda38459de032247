-- What each customer has bought so far.
with companies as (
  select company_id, company_name from {{ ref('dim_company') }} where is_current
),

bought as (
  select
    customer_id,
    min(ordered_on) as first_order_on,
    max(ordered_on) as last_order_on,
    count(*) as orders,
    cast(sum(net_amount) as decimal(18, 2)) as net_amount
  from {{ ref('fct_orders') }}
  where is_sale
  group by 1
)

select
  bought.customer_id,
  customers.customer_name,
  customers.company_id,
  companies.company_name,
  bought.first_order_on,
  bought.last_order_on,
  bought.orders,
  bought.net_amount,
  {{ lakesmith.divide('bought.net_amount', 'bought.orders', 2) }} as average_order,
  case
    when bought.net_amount >= 10000 then 'high'
    when bought.net_amount >= 2000 then 'medium'
    else 'low'
  end as segment,
  {{ lakesmith.built_at() }} as _ls_built_at
from bought
left join {{ ref('dim_customer') }} as customers on customers.customer_id = bought.customer_id
left join companies on companies.company_id = customers.company_id
