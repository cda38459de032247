-- Leads as they are now, without deleted ones.
select
  id as lead_id,
  lower({{ lakesmith.tidy('email') }}) as email,
  lead_source,
  status,
  is_converted,
  converted_account_id as account_id,
  created_date as created_at,
  system_modstamp as updated_at,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(source('salesforce', 'lead'), 'id') }} as image
where not coalesce(is_deleted, false)
