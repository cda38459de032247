-- Opportunities as they are now, without deleted ones.
select
  id as opportunity_id,
  account_id,
  campaign_id as crm_campaign_id,
  name as opportunity_name,
  stage_name as stage,
  cast(amount as decimal(18, 2)) as amount,
  close_date as closes_on,
  is_closed,
  is_won,
  created_date as created_at,
  system_modstamp as updated_at,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(source('salesforce', 'opportunity'), 'id') }} as image
where not coalesce(is_deleted, false)
