-- Which document concerns which customer: by the domain of a mail's addresses, which has to be one customer's alone, or by a contract.
with domains as (
  select company_domain, min(customer_sk) as customer_sk
  from {{ ref('dim_customer') }}
  where company_domain is not null
  group by company_domain
  having count(*) = 1
),

linked as (
  select {{ lakesmith.surrogate_key(["'mail'", 'addresses.path']) }} as document_sk, domains.customer_sk, 1 as by_domain, 0 as by_contract
  from {{ ref('stg_inbox__mail_addresses') }} as addresses
  inner join domains on domains.company_domain = addresses.company_domain

  union all

  select documents.document_sk, engagements.customer_sk, 0, 1
  from {{ ref('dim_document') }} as documents
  inner join {{ ref('fct_engagements') }} as engagements on engagements.contract_no = documents.contract_no
)

select
  document_sk,
  customer_sk,
  max(by_domain) = 1 as by_domain,
  max(by_contract) = 1 as by_contract,
  {{ lakesmith.built_at() }} as _ls_built_at
from linked
group by document_sk, customer_sk
