-- Customers with what they are worth to the agency, and what is on paper. One row per customer; `unknown` is nobody we know.
with engaged as (
  select
    customer_sk,
    count(*) as engagements,
    count(*) filter (where is_running) as running_engagements,
    sum(fee) as fees,
    min(started_on) as first_started_on,
    max(started_on) as last_started_on
  from {{ ref('fct_engagements') }}
  group by customer_sk
),

planned as (
  select
    customer_sk,
    count(*) as projects,
    count(*) filter (where status in ('planned', 'active')) as open_projects,
    sum(budget) as budget
  from {{ ref('dim_project') }}
  group by customer_sk
),

written as (
  select
    links.customer_sk,
    count(*) filter (where documents.kind = 'mail') as mails,
    count(*) filter (where documents.kind = 'contract') as contracts,
    max(documents.dated_on) as last_document_on
  from {{ ref('bridge_customer_document') }} as links
  inner join {{ ref('dim_document') }} as documents on documents.document_sk = links.document_sk
  group by links.customer_sk
)

select
  customers.customer_sk,
  customers.customer_name,
  customers.legal_form,
  customers.country,
  customers.email,
  customers.phone,
  customers.revenue,
  customers.currency,
  customers.revenue_eur,
  customers.employees_kind,
  customers.employees_from,
  customers.employees_to,
  customers.size_class,
  customers.records,
  coalesce(engaged.engagements, 0) as engagements,
  coalesce(engaged.running_engagements, 0) as running_engagements,
  cast(coalesce(engaged.fees, 0) as decimal(18, 2)) as fees,
  engaged.first_started_on,
  engaged.last_started_on,
  coalesce(planned.projects, 0) as projects,
  coalesce(planned.open_projects, 0) as open_projects,
  cast(coalesce(planned.budget, 0) as decimal(18, 2)) as budget,
  coalesce(written.mails, 0) as mails,
  coalesce(written.contracts, 0) as contracts,
  written.last_document_on,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('dim_customer') }} as customers
left join engaged on engaged.customer_sk = customers.customer_sk
left join planned on planned.customer_sk = customers.customer_sk
left join written on written.customer_sk = customers.customer_sk
