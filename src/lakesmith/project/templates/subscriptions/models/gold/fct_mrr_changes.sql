-- The days on which what a customer pays in a month changes, and what kind of change that is. Ends at the day the database has spoken of.
with steps as (
  select customer_id, pays_from_on as changed_on, mrr from {{ ref('fct_subscription_periods') }} where is_paying
  union all
  select customer_id, ends_on, -mrr from {{ ref('fct_subscription_periods') }} where is_paying and ends_on is not null
),

daily as (
  select customer_id, changed_on, cast(sum(mrr) as decimal(18, 2)) as change
  from steps
  where changed_on <= (select as_of_on from {{ ref('stg_billing__as_of') }})
  group by 1, 2
),

running as (
  select
    *,
    cast(sum(change) over (partition by customer_id order by changed_on rows between unbounded preceding and current row) as decimal(18, 2))
      as mrr_after
  from daily
),

known as (
  select
    *,
    mrr_after - change as mrr_before,
    coalesce(
      max(mrr_after) over (partition by customer_id order by changed_on rows between unbounded preceding and 1 preceding), 0
    ) > 0 as has_paid
  from running
)

select
  customer_id,
  changed_on,
  case
    when mrr_before = 0 and has_paid then 'reactivation'
    when mrr_before = 0 then 'new'
    when mrr_after = 0 then 'churn'
    when mrr_after > mrr_before then 'expansion'
    else 'contraction'
  end as kind,
  cast(mrr_before as decimal(18, 2)) as mrr_before,
  mrr_after,
  change as mrr_change,
  {{ lakesmith.built_at() }} as _ls_built_at
from known
where change <> 0
