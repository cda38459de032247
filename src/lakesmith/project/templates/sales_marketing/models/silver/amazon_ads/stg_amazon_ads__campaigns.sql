-- Campaigns of Amazon Ads as they are now.
select
  'amazon_ads' as platform,
  cast(campaign_id as {{ dbt.type_string() }}) as campaign_id,
  name as campaign_name,
  {{ campaign_status('state') }} as status,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(source('amazon_ads', 'campaigns'), 'campaign_id') }} as image
