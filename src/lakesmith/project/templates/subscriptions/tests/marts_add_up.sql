-- The marts say what the facts say: money by plan, the last day's recurring revenue, the newest month of the cohorts.
with figures as (
  select
    'gross' as figure,
    (select sum(amount_eur) from {{ ref('fct_payments') }} where is_counted) as fact,
    (select sum(gross_eur) from {{ ref('mart_net_revenue') }}) as mart
  union all
  select
    'refunded',
    (select sum(counted_eur) from {{ ref('fct_refunds') }}),
    (select sum(refunded_eur) from {{ ref('mart_net_revenue') }})
  union all
  select
    'mrr',
    (select sum(mrr_change) from {{ ref('fct_mrr_changes') }}),
    (select closing_mrr from {{ ref('mart_mrr') }} where day = (select max(day) from {{ ref('mart_mrr') }}))
  union all
  select
    'mrr of cohorts',
    (select sum(mrr_change) from {{ ref('fct_mrr_changes') }}),
    (select sum(mrr) from {{ ref('mart_cohorts') }} where month = (select max(month) from {{ ref('mart_cohorts') }}))
)

select *
from figures
where fact is distinct from mart
