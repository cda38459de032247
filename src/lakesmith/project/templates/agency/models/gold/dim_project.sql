-- Projects with their customer: by the customer's name, or else by the contract.
with contracts as (
  select contract_no, min(customer_sk) as customer_sk, min(engagement_sk) as engagement_sk
  from {{ ref('fct_engagements') }}
  where contract_no is not null
  group by contract_no
)

select
  {{ lakesmith.surrogate_key(['projects.project_id']) }} as project_sk,
  projects.project_id,
  coalesce(customers.customer_sk, contracts.customer_sk, 'unknown') as customer_sk,
  contracts.engagement_sk,
  projects.contract_no,
  projects.title,
  projects.status,
  projects.budget,
  projects.spent,
  projects.started_on,
  projects.due_on,
  coalesce({{ lakesmith.list_size('projects.team') }}, 0) as team_size,
  projects.updated_at,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('stg_store__projects') }} as projects
left join {{ ref('dim_customer') }} as customers on customers.customer_key = projects.customer_key
left join contracts on contracts.contract_no = projects.contract_no
