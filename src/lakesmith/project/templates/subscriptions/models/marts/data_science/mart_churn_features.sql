-- What was known of each customer who paid on a Monday at 0:00 UTC, and whether they left in the 30 days after it. No feature looks at
-- anything that happened on that day or later, a Monday shows only once all that happened before it has arrived, and no row ever changes
-- but for its label, which is null until the 30 days are over.
with snapshots as (
  select
    dates.date_day as snapshot_on,
    cast(dates.date_day as timestamp) at time zone 'UTC' as snapshot_at,
    {{ days_later('dates.date_day', -90) }} as since_90d,
    {{ days_later('dates.date_day', -30) }} as since_30d,
    {{ days_later('dates.date_day', 30) }} as label_until,
    {{ days_later('dates.date_day', 30) }} <= as_of.as_of_on as is_label_known
  from {{ ref('dim_date') }} as dates
  cross join {{ ref('stg_billing__as_of') }} as as_of
  where dates.weekday_number = 1
    and dates.date_day <= as_of.settled_on
    and dates.date_day >= (select min(changed_on) from {{ ref('fct_mrr_changes') }})
),

paying as (
  select
    snapshots.snapshot_on,
    changes.customer_id,
    {{ total('changes.mrr_change') }} as mrr,
    min(changes.changed_on) as first_paid_on,
    sum(case when changes.kind in ('expansion', 'contraction') then 1 else 0 end) as plan_changes
  from snapshots
  inner join {{ ref('fct_mrr_changes') }} as changes on changes.changed_on < snapshots.snapshot_on
  group by 1, 2
  having sum(changes.mrr_change) > 0
),

-- Payments that were struck out later count, since on that day they did.
paid as (
  select
    snapshots.snapshot_on,
    payments.customer_id,
    payments.amount_eur,
    payments.paid_on,
    payments.paid_on >= snapshots.since_90d as is_recent,
    payments.card_id,
    row_number() over (
      partition by snapshots.snapshot_on, payments.customer_id order by payments.paid_on desc, payments.payment_id desc
    ) as place
  from snapshots
  inner join {{ ref('fct_payments') }} as payments on payments.paid_on < snapshots.snapshot_on
  where payments.is_charge
    and (payments.struck_out_at is null or payments.struck_out_at >= snapshots.snapshot_at)
),

payments as (
  select
    paid.snapshot_on,
    paid.customer_id,
    sum(case when paid.is_recent then 1 else 0 end) as payments_90d,
    {{ total('case when paid.is_recent then paid.amount_eur else 0 end') }} as paid_90d,
    max(paid.paid_on) as last_paid_on,
    max(case when paid.place = 1 then cards.expires end) as card_expires
  from paid
  left join {{ ref('stg_billing__cards') }} as cards on cards.card_id = paid.card_id
  group by 1, 2
),

failures as (
  select snapshots.snapshot_on, payments.customer_id, count(*) as failed_30d
  from snapshots
  inner join {{ ref('fct_payments') }} as payments
    on payments.made_on < snapshots.snapshot_on and payments.made_on >= snapshots.since_30d
  where payments.status = 'failed'
  group by 1, 2
),

refunds as (
  select snapshots.snapshot_on, refunds.customer_id, {{ total('refunds.counted_eur') }} as refunded_90d
  from snapshots
  inner join {{ ref('fct_refunds') }} as refunds
    on refunds.refunded_on < snapshots.snapshot_on and refunds.refunded_on >= snapshots.since_90d
  group by 1, 2
),

churned as (
  select distinct snapshots.snapshot_on, changes.customer_id
  from snapshots
  inner join {{ ref('fct_mrr_changes') }} as changes
    on changes.changed_on >= snapshots.snapshot_on and changes.changed_on < snapshots.label_until
  where changes.kind = 'churn'
)

select
  paying.snapshot_on,
  paying.customer_id,
  {{ known('customers.country') }} as country,
  paying.mrr,
  {{ dbt.datediff('paying.first_paid_on', 'paying.snapshot_on', 'day') }} as tenure_days,
  cast(paying.plan_changes as bigint) as plan_changes,
  cast(coalesce(payments.payments_90d, 0) as bigint) as payments_90d,
  cast(coalesce(payments.paid_90d, 0) as decimal(18, 2)) as paid_90d,
  cast(coalesce(failures.failed_30d, 0) as bigint) as failed_30d,
  cast(coalesce(refunds.refunded_90d, 0) as decimal(18, 2)) as refunded_90d,
  {{ dbt.datediff('payments.last_paid_on', 'paying.snapshot_on', 'day') }} as days_since_payment,
  {{ month_number('payments.card_expires') }} - {{ month_number('paying.snapshot_on') }} as card_months_left,
  case when snapshots.is_label_known then churned.customer_id is not null end as churned_30d,
  {{ lakesmith.built_at() }} as _ls_built_at
from paying
inner join snapshots on snapshots.snapshot_on = paying.snapshot_on
left join {{ ref('dim_customer') }} as customers
  on customers.customer_id = paying.customer_id
  and customers.valid_from < snapshots.snapshot_at
  and (customers.valid_to is null or customers.valid_to >= snapshots.snapshot_at)
left join payments on payments.snapshot_on = paying.snapshot_on and payments.customer_id = paying.customer_id
left join failures on failures.snapshot_on = paying.snapshot_on and failures.customer_id = paying.customer_id
left join refunds on refunds.snapshot_on = paying.snapshot_on and refunds.customer_id = paying.customer_id
left join churned on churned.snapshot_on = paying.snapshot_on and churned.customer_id = paying.customer_id
