-- One row per plan that a customer has or had, from when to when, and what it is worth in a month; without those of test accounts.
with customers as (
  select customer_id, main_customer_id, is_test from {{ ref('dim_customer') }} where is_current
),

periods as (
  select
    subscriptions.subscription_id,
    coalesce(customers.main_customer_id, 0) as customer_id,
    coalesce(plans.plan_id, 0) as plan_id,
    subscriptions.status,
    subscriptions.quantity,
    subscriptions.unit_amount,
    subscriptions.currency,
    {{ in_eur('(subscriptions.quantity * subscriptions.unit_amount)', 'rates.rate') }} as amount_eur,
    coalesce(plans.months, 1) as months,
    subscriptions.valid_from as begins_at,
    coalesce(subscriptions.trial_ends_at, subscriptions.valid_from) as pays_from,
    subscriptions.valid_to as ends_at
  from {{ ref('stg_billing__subscriptions') }} as subscriptions
  inner join {{ ref('exchange_rates') }} as rates on rates.currency = subscriptions.currency
  left join customers on customers.customer_id = subscriptions.customer_id
  left join {{ ref('dim_plan') }} as plans on plans.plan_id = subscriptions.plan_id
  where not coalesce(customers.is_test, false)
)

select
  subscription_id,
  customer_id,
  plan_id,
  status,
  quantity,
  unit_amount,
  currency,
  amount_eur,
  {{ lakesmith.divide('amount_eur', 'months', 2) }} as mrr,
  begins_at,
  {{ lakesmith.utc_date('begins_at') }} as begins_on,
  pays_from,
  {{ lakesmith.utc_date('pays_from') }} as pays_from_on,
  ends_at,
  {{ lakesmith.utc_date('ends_at') }} as ends_on,
  (ends_at is null or ends_at > pays_from) as is_paying,
  {{ lakesmith.built_at() }} as _ls_built_at
from periods
