-- The client list, cleaned: one row per row delivered. What people typed stays beside it in the columns *_given.
with named as (
  select *, {{ lakesmith.tidy('client') }} as client_text
  from {{ source('crm', 'clients') }}
),

texts as (
  select *, {{ legal_tail('client_text') }} as legal_tail
  from named
)

select
  {{ name_key('texts.client_text', 'texts.legal_tail') }} as customer_key,
  {{ bare_name('texts.client_text', 'texts.legal_tail') }} as name,
  {{ legal_form('texts.legal_tail') }} as legal_form,
  upper({{ lakesmith.placeholder_null('texts.country') }}) as country,
  {{ mail_address('texts.email') }} as email,
  {{ lakesmith.clean_phone('texts.phone') }} as phone,
  revenues.revenue,
  revenues.currency,
  counts.employees_kind,
  counts.employees_from,
  counts.employees_to,
  {{ lakesmith.clean_key('texts.engagement_id') }} as engagement_id,
  lower({{ lakesmith.tidy('texts.service') }}) as service,
  {{ lakesmith.parse_money('texts.fee') }} as fee,
  {{ lakesmith.parse_date('texts.started_on') }} as started_on,
  {{ lakesmith.parse_date('texts.ended_on') }} as ended_on,
  {{ contract_in('texts.contract_no') }} as contract_no,
  {{ lakesmith.parse_date('texts.recorded_on') }} as recorded_on,
  texts.client as client_given,
  texts.country as country_given,
  texts.email as email_given,
  texts.phone as phone_given,
  texts.annual_revenue as revenue_given,
  texts.employees as employees_given,
  texts._ls_seq,
  texts._ls_op,
  {{ lakesmith.built_at() }} as _ls_built_at
from texts
left join {{ ref('stg_crm__revenues') }} as revenues on revenues.spelling = texts.annual_revenue
left join {{ ref('stg_crm__employee_counts') }} as counts on counts.spelling = texts.employees
