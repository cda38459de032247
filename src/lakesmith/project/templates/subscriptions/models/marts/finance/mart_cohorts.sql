-- Customers by the month in which they first paid, and what became of them: one row per month since.
{{ config(tags=['report']) }}

with cohorts as (
  select customer_id, {{ month_of('changed_on') }} as cohort_month
  from {{ ref('fct_mrr_changes') }}
  where kind = 'new'
),

sizes as (
  select cohort_month, count(*) as customers from cohorts group by 1
),

months as (
  select distinct month_begins_on as month, month_ends_on
  from {{ ref('dim_date') }}
  where date_day <= (select as_of_on from {{ ref('stg_billing__as_of') }})
),

standing as (
  select cohorts.cohort_month, months.month, cohorts.customer_id, sum(changes.mrr_change) as mrr
  from cohorts
  inner join months on months.month >= cohorts.cohort_month
  inner join {{ ref('fct_mrr_changes') }} as changes
    on changes.customer_id = cohorts.customer_id and changes.changed_on <= months.month_ends_on
  group by 1, 2, 3
),

counted as (
  select
    cohort_month,
    month,
    sum(case when mrr > 0 then 1 else 0 end) as active_customers,
    {{ total('mrr') }} as mrr
  from standing
  group by 1, 2
)

select
  counted.month,
  counted.cohort_month,
  {{ month_number('counted.month') }} - {{ month_number('counted.cohort_month') }} as month_number,
  sizes.customers,
  cast(counted.active_customers as bigint) as active_customers,
  counted.mrr,
  {{ lakesmith.divide('100 * counted.active_customers', 'sizes.customers', 1) }} as retained_pct,
  {{ lakesmith.built_at() }} as _ls_built_at
from counted
inner join sizes on sizes.cohort_month = counted.cohort_month
