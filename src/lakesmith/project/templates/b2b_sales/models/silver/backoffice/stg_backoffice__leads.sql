-- Every version of every lead, cleaned: one row per lead and update.
{% set leads = source('backoffice', 'leads') %}

with cleaned as (
  select
    {{ lakesmith.star(leads, replace={
      'lead_id': lakesmith.clean_key('lead_id'),
      'company_id': lakesmith.clean_key('company_id'),
      'email': 'lower(trim(email))',
      'campaign': 'lower(' ~ lakesmith.nullify('campaign') ~ ')',
      'status': 'lower(trim(status))',
      'created_at': lakesmith.parse_timestamp('created_at'),
      'updated_at': lakesmith.parse_timestamp('updated_at'),
    }) }},
    _ls_seq,
    _ls_op
  from {{ leads }}
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current('cleaned', ['lead_id', 'updated_at']) }}
