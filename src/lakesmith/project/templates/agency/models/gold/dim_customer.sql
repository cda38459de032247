-- Customers, and one row for customers nobody knows.
with named as (
  select * from {{ ref('stg_crm__customers') }}
),

valued as (
  select
    {{ lakesmith.surrogate_key(['named.customer_key']) }} as customer_sk,
    named.customer_key,
    named.name as customer_name,
    named.legal_form,
    {{ known('named.country') }} as country,
    named.email,
    {{ company_domain('named.email') }} as company_domain,
    named.phone,
    named.revenue,
    named.currency,
    cast(cast(named.revenue as decimal(18, 0)) * rates.rate as decimal(18, 2)) as revenue_eur,
    named.employees_kind,
    named.employees_from,
    named.employees_to,
    case
      when named.employees_from < 10 then '1-9'
      when named.employees_from < 50 then '10-49'
      when named.employees_from < 250 then '50-249'
      when named.employees_from >= 250 then '250+'
      else 'Unknown'
    end as size_class,
    named.records,
    named.first_recorded_on,
    named.last_recorded_on
  from named
  left join {{ ref('exchange_rates') }} as rates on rates.currency = named.currency

  union all

  select
    'unknown', 'unknown', 'Unknown', null, 'Unknown', null, null, null, null, null, null, null, null, null, 'Unknown', 0, null, null
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from valued
