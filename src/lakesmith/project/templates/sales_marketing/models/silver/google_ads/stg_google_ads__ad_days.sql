-- What the ad groups of Google Ads did, day by day, as it is known by now: days are corrected for four weeks.
select
  segments_date as day,
  'google_ads' as platform,
  cast(null as {{ dbt.type_string() }}) as account_id,
  cast(campaign_id as {{ dbt.type_string() }}) as campaign_id,
  campaign_name,
  cast(ad_group_id as {{ dbt.type_string() }}) as ad_group_id,
  ad_group_name,
  cast(metrics_impressions as bigint) as impressions,
  cast(null as bigint) as reach,
  cast(metrics_clicks as bigint) as clicks,
  {{ from_micros('metrics_cost_micros') }} as spend,
  cast(metrics_conversions as decimal(18, 2)) as conversions,
  cast(metrics_conversions_value as decimal(18, 2)) as conversion_value,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(source('google_ads', 'ad_group_days'), ['segments_date', 'ad_group_id']) }} as image
