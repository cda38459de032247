-- Leads, and which customer each is: by any address the customer ever had.
with addresses as (
  select email, min(customer_id) as customer_id
  from {{ ref('dim_customer') }}
  group by email
)

select
  leads.lead_id,
  addresses.customer_id,
  leads.email,
  leads.lead_source,
  leads.status,
  leads.is_converted,
  leads.account_id,
  leads.created_at,
  {{ lakesmith.utc_date('leads.created_at') }} as created_on,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('stg_salesforce__leads') }} as leads
left join addresses on addresses.email = leads.email
