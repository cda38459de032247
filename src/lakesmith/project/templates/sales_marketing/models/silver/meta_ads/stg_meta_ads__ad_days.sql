-- What the ad sets of Meta did, day by day, as it is known by now. Conversions are the purchases among the actions.
{% set insights = source('meta_ads', 'adset_days') %}
{% set now = lakesmith.current(insights, ['date_start', 'adset_id']) %}
{% set parts = {'action_type': 'text', 'value': 'decimal(18, 2)'} %}

with purchases as (
  select date_start, adset_id, sum(value) as conversions
  from {{ lakesmith.child_rows(now, 'actions', ['date_start', 'adset_id'], parts=parts, of=insights) }} as action
  where action_type = 'purchase'
  group by date_start, adset_id
),

sales as (
  select date_start, adset_id, sum(value) as conversion_value
  from {{ lakesmith.child_rows(now, 'action_values', ['date_start', 'adset_id'], parts=parts, of=insights) }} as action
  where action_type = 'purchase'
  group by date_start, adset_id
)

select
  image.date_start as day,
  'meta_ads' as platform,
  cast(image.account_id as {{ dbt.type_string() }}) as account_id,
  cast(image.campaign_id as {{ dbt.type_string() }}) as campaign_id,
  image.campaign_name,
  cast(image.adset_id as {{ dbt.type_string() }}) as ad_group_id,
  image.adset_name as ad_group_name,
  cast(image.impressions as bigint) as impressions,
  cast(image.reach as bigint) as reach,
  cast(image.clicks as bigint) as clicks,
  cast(image.spend as decimal(18, 2)) as spend,
  cast(coalesce(purchases.conversions, 0) as decimal(18, 2)) as conversions,
  cast(coalesce(sales.conversion_value, 0) as decimal(18, 2)) as conversion_value,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ now }} as image
left join purchases on purchases.date_start = image.date_start and purchases.adset_id = image.adset_id
left join sales on sales.date_start = image.date_start and sales.adset_id = image.adset_id
