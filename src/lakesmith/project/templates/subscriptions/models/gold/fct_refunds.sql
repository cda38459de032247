-- Money given back, without that of test accounts. What exceeds the payment, and what is given back on a payment that does not count,
-- counts as nothing: nobody took it.
with running as (
  select
    refunds.refund_id,
    refunds.payment_id,
    payments.customer_id,
    payments.plan_id,
    refunds.reason,
    refunds.amount,
    payments.currency,
    refunds.created_at as refunded_at,
    case when payments.is_counted then payments.amount else 0 end as countable,
    sum(refunds.amount) over (
      partition by refunds.payment_id order by refunds.created_at, refunds.refund_id rows between unbounded preceding and current row
    ) as refunded_so_far
  from {{ ref('stg_billing__refunds') }} as refunds
  inner join {{ ref('fct_payments') }} as payments on payments.payment_id = refunds.payment_id
),

counted as (
  select
    running.*,
    cast(
      least(running.refunded_so_far, running.countable) - least(running.refunded_so_far - running.amount, running.countable)
      as decimal(18, 2)
    ) as counted_amount
  from running
)

select
  counted.refund_id,
  counted.payment_id,
  counted.customer_id,
  counted.plan_id,
  counted.reason,
  counted.amount,
  counted.currency,
  counted.counted_amount,
  {{ in_eur('counted.counted_amount', 'rates.rate') }} as counted_eur,
  counted.refunded_at,
  {{ lakesmith.utc_date('counted.refunded_at') }} as refunded_on,
  {{ lakesmith.built_at() }} as _ls_built_at
from counted
inner join {{ ref('exchange_rates') }} as rates on rates.currency = counted.currency
