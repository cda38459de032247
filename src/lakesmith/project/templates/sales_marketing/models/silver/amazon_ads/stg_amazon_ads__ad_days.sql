-- What the ad groups of Amazon Ads did, day by day, as it is known by now. Conversions are purchases within fourteen days.
select
  date as day,
  'amazon_ads' as platform,
  cast(null as {{ dbt.type_string() }}) as account_id,
  cast(campaign_id as {{ dbt.type_string() }}) as campaign_id,
  campaign_name,
  cast(ad_group_id as {{ dbt.type_string() }}) as ad_group_id,
  ad_group_name,
  cast(impressions as bigint) as impressions,
  cast(null as bigint) as reach,
  cast(clicks as bigint) as clicks,
  cast(cost as decimal(18, 2)) as spend,
  cast(purchases14d as decimal(18, 2)) as conversions,
  cast(sales14d as decimal(18, 2)) as conversion_value,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(source('amazon_ads', 'ad_group_days'), ['date', 'ad_group_id']) }} as image
