-- Campaigns of Meta as they are now.
select
  'meta_ads' as platform,
  id as campaign_id,
  name as campaign_name,
  {{ campaign_status('effective_status') }} as status,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(source('meta_ads', 'campaigns'), 'id') }} as image
