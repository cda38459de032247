-- What advertising did on all platforms: one row per day and ad group, or campaign where a platform tells no more. As it is known by now.
with days as (
  {{ union_of(var('ad_performance'), [
    'day', 'platform', 'account_id', 'campaign_id', 'campaign_name', 'ad_group_id', 'ad_group_name', 'impressions', 'reach', 'clicks',
    'spend', 'conversions', 'conversion_value',
  ]) }}
)

select
  {{ lakesmith.surrogate_key(['platform', 'day', 'account_id', 'campaign_id', 'ad_group_id']) }} as ad_day_sk,
  {{ lakesmith.surrogate_key(['platform', 'campaign_id']) }} as campaign_sk,
  *,
  {{ lakesmith.built_at() }} as _ls_built_at
from days
