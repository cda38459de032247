-- Customers by the month of their first order, and how many of them ordered again: one row per month since.
{{ config(tags=['report']) }}

with cohorts as (
  select customer_id, {{ month_of('ordered_on') }} as cohort_month
  from {{ ref('fct_orders') }}
  where is_first
),

sizes as (
  select cohort_month, count(*) as customers from cohorts group by cohort_month
),

months as (
  select distinct month_begins_on as month
  from {{ ref('dim_date') }}
  where date_day <= (select max(ordered_on) from {{ ref('fct_orders') }} where is_counted)
),

bought as (
  select
    cohorts.cohort_month,
    {{ month_of('orders.ordered_on') }} as month,
    count(distinct orders.customer_id) as active_customers,
    {{ total('orders.total') }} as revenue
  from {{ ref('fct_orders') }} as orders
  inner join cohorts on cohorts.customer_id = orders.customer_id
  where orders.is_counted
  group by 1, 2
)

select
  sizes.cohort_month,
  months.month,
  {{ month_number('months.month') }} - {{ month_number('sizes.cohort_month') }} as month_number,
  sizes.customers,
  coalesce(bought.active_customers, 0) as active_customers,
  cast(coalesce(bought.revenue, 0) as decimal(18, 2)) as revenue,
  {{ lakesmith.divide('100 * coalesce(bought.active_customers, 0)', 'sizes.customers', 1) }} as retained_pct,
  {{ lakesmith.built_at() }} as _ls_built_at
from sizes
inner join months on months.month >= sizes.cohort_month
left join bought on bought.cohort_month = sizes.cohort_month and bought.month = months.month
