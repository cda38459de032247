-- Attempts to take money, without those of test accounts. A charge that was recorded twice counts once; one that was struck out, not at all.
with ranked as (
  select
    *,
    case when status = 'succeeded' then
      row_number() over (partition by charge_key, status, deleted_at is null order by payment_id)
    end as record_of_charge
  from {{ ref('stg_billing__payments') }}
),

customers as (
  select customer_id, main_customer_id, is_test from {{ ref('dim_customer') }} where is_current
),

valued as (
  select
    ranked.payment_id,
    ranked.invoice_no,
    ranked.charge_key,
    ranked.attempt,
    coalesce(customers.main_customer_id, 0) as customer_id,
    subscriptions.subscription_id,
    coalesce(plans.plan_id, 0) as plan_id,
    ranked.card_id,
    ranked.status,
    coalesce(ranked.record_of_charge = 1, false) as is_charge,
    coalesce(ranked.record_of_charge = 1 and ranked.deleted_at is null, false) as is_counted,
    ranked.amount,
    ranked.currency,
    {{ in_eur('ranked.amount', 'rates.rate') }} as amount_eur,
    ranked.made_at,
    {{ lakesmith.utc_date('ranked.made_at') }} as made_on,
    ranked.paid_at,
    {{ lakesmith.utc_date('ranked.paid_at') }} as paid_on,
    ranked.deleted_at as struck_out_at
  from ranked
  inner join {{ ref('exchange_rates') }} as rates on rates.currency = ranked.currency
  left join customers on customers.customer_id = ranked.customer_id
  left join {{ ref('stg_billing__subscriptions') }} as subscriptions on subscriptions.subscription_id = ranked.subscription_id
  left join {{ ref('dim_plan') }} as plans on plans.plan_id = subscriptions.plan_id
  where not coalesce(customers.is_test, false)
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from valued
