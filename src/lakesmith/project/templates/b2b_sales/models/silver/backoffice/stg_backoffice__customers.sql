-- Customers as they are now, cleaned.
{% set customers = source('backoffice', 'customers') %}

with cleaned as (
  select
    {{ lakesmith.star(customers, replace={
      'customer_id': lakesmith.clean_key('customer_id'),
      'company_id': lakesmith.clean_key('company_id'),
      'first_name': 'trim(first_name)',
      'last_name': 'trim(last_name)',
      'email': 'lower(trim(email))',
      'phone': lakesmith.nullify('phone'),
      'signed_up_on': lakesmith.parse_date('signed_up_on'),
    }) }},
    _ls_seq,
    _ls_op
  from {{ customers }}
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current('cleaned', 'customer_id') }}
