-- Projects as they are now, cleaned. Columns the tool adds arrive by themselves.
{% set projects = source('store', 'projects') %}

with texts as (
  select *, {{ lakesmith.tidy('client') }} as client_text from {{ projects }}
),

cleaned as (
  select
    {{ lakesmith.star(projects, except=['client'], replace={
      'project_id': lakesmith.clean_key('project_id'),
      'contract_no': contract_in('contract_no'),
      'status': 'lower(trim(status))',
    }) }},
    _ls_seq,
    _ls_op,
    {{ name_key('client_text', legal_tail('client_text')) }} as customer_key
  from texts
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current('cleaned', 'project_id') }} as image
