-- Every engagement and every project is in mart_customers, once: its totals are those of the facts.
with totals as (
  select 'fees' as figure, (select sum(fee) from {{ ref('fct_engagements') }}) as fact, (select sum(fees) from {{ ref('mart_customers') }}) as mart
  union all
  select 'budget', (select sum(budget) from {{ ref('dim_project') }}), (select sum(budget) from {{ ref('mart_customers') }})
  union all
  select 'projects', (select count(*) from {{ ref('dim_project') }}), (select count(*) from {{ ref('mart_projects') }})
)

select *
from totals
where fact is distinct from mart
