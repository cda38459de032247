-- Customers with the company they belong to, and one row for customers nobody knows.
with companies as (
  select company_id from {{ ref('dim_company') }} where is_current
),

named as (
  select
    customers.customer_id,
    customers.first_name || ' ' || customers.last_name as customer_name,
    coalesce(companies.company_id, 'unknown') as company_id,
    customers.email,
    customers.phone,
    customers.signed_up_on
  from {{ ref('stg_backoffice__customers') }} as customers
  left join companies on companies.company_id = customers.company_id
  where customers.customer_id is not null

  union all

  select 'unknown', 'Unknown', 'unknown', null, null, null
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from named
