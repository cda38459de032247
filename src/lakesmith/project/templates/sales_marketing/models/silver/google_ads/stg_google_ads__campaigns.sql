-- Campaigns of Google Ads as they are now.
select
  'google_ads' as platform,
  cast(campaign_id as {{ dbt.type_string() }}) as campaign_id,
  campaign_name,
  {{ campaign_status('campaign_status') }} as status,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(source('google_ads', 'campaigns'), 'campaign_id') }} as image
