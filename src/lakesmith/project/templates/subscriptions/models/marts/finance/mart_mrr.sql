-- What customers pay in a month, and how that came to be: one row per day, from the first that brought anything to the last that is known.
{{ config(tags=['report']) }}

with days as (
  select date_day as day
  from {{ ref('dim_date') }}
  where date_day >= (select min(changed_on) from {{ ref('fct_mrr_changes') }})
    and date_day <= (select as_of_on from {{ ref('stg_billing__as_of') }})
),

moved as (
  select
    days.day,
    {%- for kind in ['new', 'expansion', 'reactivation', 'contraction', 'churn'] %}
    {{ total("case when changes.kind = '" ~ kind ~ "' then changes.mrr_change else 0 end") }} as {{ 'churned' if kind == 'churn' else kind }}_mrr,
    {%- endfor %}
    {{ total('changes.mrr_change') }} as mrr_change,
    sum(case when changes.kind in ('new', 'reactivation') then 1 when changes.kind = 'churn' then -1 else 0 end) as customers_change
  from days
  left join {{ ref('fct_mrr_changes') }} as changes on changes.changed_on = days.day
  group by days.day
),

running as (
  select
    *,
    sum(mrr_change) over (order by day rows between unbounded preceding and current row) as closing_mrr,
    sum(customers_change) over (order by day rows between unbounded preceding and current row) as customers
  from moved
)

select
  day,
  cast(closing_mrr as decimal(18, 2)) as closing_mrr,
  cast(customers as bigint) as customers,
  cast(closing_mrr - mrr_change as decimal(18, 2)) as opening_mrr,
  new_mrr,
  expansion_mrr,
  reactivation_mrr,
  contraction_mrr,
  churned_mrr,
  {{ lakesmith.built_at() }} as _ls_built_at
from running
