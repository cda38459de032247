-- Campaigns of all platforms as they are now; also those that only figures tell of, by the name that was told last.
with listed as (
  {{ union_of(var('ad_campaigns'), ['platform', 'campaign_id', 'campaign_name', 'status']) }}
),

told as (
  select platform, campaign_id, max(campaign_name) as campaign_name
  from {{ ref('fct_ad_performance') }} as days
  where day = (
    select max(newest.day)
    from {{ ref('fct_ad_performance') }} as newest
    where newest.platform = days.platform and newest.campaign_id = days.campaign_id
  )
  group by platform, campaign_id
),

campaigns as (
  select platform, campaign_id, campaign_name, status from listed

  union all

  select told.platform, told.campaign_id, told.campaign_name, 'unknown'
  from told
  left join listed on listed.platform = told.platform and listed.campaign_id = told.campaign_id
  where listed.campaign_id is null
)

select
  {{ lakesmith.surrogate_key(['platform', 'campaign_id']) }} as campaign_sk,
  platform,
  campaign_id,
  coalesce(campaign_name, campaign_id) as campaign_name,
  status,
  {{ lakesmith.built_at() }} as _ls_built_at
from campaigns
