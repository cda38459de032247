-- One row per customer, with the newest that any of its rows says, column by column.
with placed as (
  select *, row_number() over (order by recorded_on nulls first, _ls_seq) as place
  from {{ ref('stg_crm__records') }}
  where customer_key is not null
)

select
  customer_key,
  -- a name all in small letters or all in capitals is how somebody typed it, not how it is written
  coalesce(
    {{ lakesmith.newest('name', 'place', 'name <> lower(name) and name <> upper(name)') }},
    {{ lakesmith.newest('name', 'place') }}
  ) as name,
  {{ newest_said('legal_form') }} as legal_form,
  {{ newest_said('country') }} as country,
  {{ newest_said('email') }} as email,
  {{ newest_said('phone') }} as phone,
  {{ newest_said('revenue') }} as revenue,
  {{ newest_said('currency') }} as currency,
  -- bounds that one row states stay together: an open end is no missing value
  {{ newest_said('employees_kind') }} as employees_kind,
  {{ lakesmith.newest('employees_from', 'place', 'employees_kind is not null') }} as employees_from,
  {{ lakesmith.newest('employees_to', 'place', 'employees_kind is not null') }} as employees_to,
  count(*) as records,
  min(recorded_on) as first_recorded_on,
  max(recorded_on) as last_recorded_on,
  {{ lakesmith.built_at() }} as _ls_built_at
from placed
group by customer_key
