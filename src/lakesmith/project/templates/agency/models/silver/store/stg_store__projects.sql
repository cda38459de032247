-- Projects as they are now, cleaned. Columns the tool adds arrive by themselves.
{% set projects = source('store', 'projects') %}

with cleaned as (
  select
    {{ lakesmith.star(projects, except=['client'], replace={
      'project_id': lakesmith.clean_key('project_id'),
      'contract_no': contract_in('contract_no'),
      'status': 'lower(trim(status))',
    }) }},
    {{ lakesmith.tidy('client') }} as client_text,
    _ls_seq,
    _ls_op
  from {{ projects }}
),

newest as (
  select {{ lakesmith.all_but('image', 'client_text') }}, {{ name_key('client_text', legal_tail('client_text')) }} as customer_key
  from {{ lakesmith.current('cleaned', 'project_id') }} as image
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from newest
