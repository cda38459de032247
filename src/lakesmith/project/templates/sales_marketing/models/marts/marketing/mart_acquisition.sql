-- What a new customer cost, and what a euro of advertising brought, by month and channel of the last visit before the order.
{{ config(tags=['report']) }}

with figures as (
  select {{ month_of('day') }} as month, platform as channel, spend, 0 as new_customers, 0 as orders, 0 as revenue
  from {{ ref('fct_ad_performance') }}

  union all

  select
    {{ month_of('ordered_on') }}, channel, 0, case when is_first_order then 1 else 0 end, 1, last_revenue
  from {{ ref('fct_touches') }}
  where last_credit = 1
),

summed as (
  select
    month,
    channel,
    {{ total('spend') }} as spend,
    {{ count_of('new_customers') }} as new_customers,
    {{ count_of('orders') }} as orders,
    {{ total('revenue') }} as revenue
  from figures
  group by month, channel
)

select
  month,
  channel,
  spend,
  new_customers,
  {{ lakesmith.divide('spend', 'new_customers', 2) }} as cac,
  orders,
  revenue,
  {{ money_ratio('revenue', 'spend') }} as roas,
  {{ lakesmith.built_at() }} as _ls_built_at
from summed
