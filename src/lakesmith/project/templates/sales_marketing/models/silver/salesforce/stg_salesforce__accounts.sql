-- Accounts as they are now, without deleted ones.
select
  id as account_id,
  name as account_name,
  billing_country as country,
  created_date as created_at,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(source('salesforce', 'account'), 'id') }} as image
where not coalesce(is_deleted, false)
