-- Every version of every company, cleaned: one row per company and update.
{% set companies = source('backoffice', 'companies') %}

with cleaned as (
  select
    {{ lakesmith.star(companies, replace={
      'company_id': lakesmith.clean_key('company_id'),
      'name': lakesmith.nullify('name'),
      'industry': lakesmith.nullify('industry'),
      'country': lakesmith.nullify('country'),
      'employees': lakesmith.parse_integer('employees'),
      'annual_revenue': lakesmith.parse_magnitude('annual_revenue'),
      'website': lakesmith.nullify('website'),
      'updated_at': lakesmith.parse_timestamp('updated_at'),
    }) }},
    _ls_seq,
    _ls_op
  from {{ companies }}
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current('cleaned', ['company_id', 'updated_at']) }}
