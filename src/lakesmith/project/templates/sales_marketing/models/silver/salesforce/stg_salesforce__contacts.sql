-- Contacts as they are now, without deleted ones.
select
  id as contact_id,
  account_id,
  lower({{ lakesmith.tidy('email') }}) as email,
  created_date as created_at,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(source('salesforce', 'contact'), 'id') }} as image
where not coalesce(is_deleted, false)
