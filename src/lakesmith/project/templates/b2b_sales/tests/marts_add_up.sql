-- Every sale is in every mart about sales, once: the totals of the marts are those of the orders.
with totals as (
  select 'fct_orders' as relation, sum(net_amount) as net_amount from {{ ref('fct_orders') }} where is_sale
  union all
  select 'mart_monthly_sales', sum(net_amount) from {{ ref('mart_monthly_sales') }}
  union all
  select 'mart_customer_value', sum(net_amount) from {{ ref('mart_customer_value') }}
  union all
  select 'mart_daily_metrics', sum(net_amount) from {{ ref('mart_daily_metrics') }}
)

select *
from totals
where net_amount is distinct from (select net_amount from totals where relation = 'fct_orders')
