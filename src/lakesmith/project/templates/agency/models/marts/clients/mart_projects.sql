-- Projects with their customer, their money, and the papers that mention their contract. One row per project.
with written as (
  select contract_no, count(*) as documents, count(*) filter (where kind = 'contract') > 0 as is_signed
  from {{ ref('dim_document') }}
  where contract_no is not null
  group by contract_no
)

select
  projects.project_id,
  projects.title,
  customers.customer_sk,
  customers.customer_name,
  engagements.service,
  projects.contract_no,
  projects.status,
  projects.budget,
  projects.spent,
  {{ lakesmith.divide('projects.spent * 100', 'cast(projects.budget as bigint)', 2) }} as spent_pct,
  projects.spent > projects.budget as is_overspent,
  projects.started_on,
  projects.due_on,
  projects.team_size,
  coalesce(written.documents, 0) as documents,
  coalesce(written.is_signed, false) as is_signed,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('dim_project') }} as projects
inner join {{ ref('dim_customer') }} as customers on customers.customer_sk = projects.customer_sk
left join {{ ref('fct_engagements') }} as engagements on engagements.engagement_sk = projects.engagement_sk
left join written on written.contract_no = projects.contract_no
