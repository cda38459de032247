-- Every day opens with what the day before it closed with, and its moves lead from the one to the other.
with chained as (
  select *, lag(closing_mrr) over (order by day) as closed_before
  from {{ ref('mart_mrr') }}
)

select *
from chained
where opening_mrr <> coalesce(closed_before, 0)
  or opening_mrr + new_mrr + expansion_mrr + reactivation_mrr + contraction_mrr + churned_mrr <> closing_mrr
