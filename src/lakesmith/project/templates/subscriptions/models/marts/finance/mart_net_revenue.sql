-- Money taken, given back and kept, per month and plan, in euros.
{{ config(tags=['report']) }}

with moved as (
  select {{ month_of('paid_on') }} as month, plan_id, 1 as payments, amount_eur as gross_eur, 0 as refunded_eur
  from {{ ref('fct_payments') }}
  where is_counted

  union all

  select {{ month_of('refunded_on') }}, plan_id, 0, 0, counted_eur
  from {{ ref('fct_refunds') }}
  where counted_amount > 0
)

select
  moved.month,
  moved.plan_id,
  plans.plan_name,
  cast(sum(moved.payments) as bigint) as payments,
  {{ total('moved.gross_eur - moved.refunded_eur') }} as net_eur,
  {{ total('moved.gross_eur') }} as gross_eur,
  {{ total('moved.refunded_eur') }} as refunded_eur,
  {{ lakesmith.built_at() }} as _ls_built_at
from moved
inner join {{ ref('dim_plan') }} as plans on plans.plan_id = moved.plan_id
group by moved.month, moved.plan_id, plans.plan_name
