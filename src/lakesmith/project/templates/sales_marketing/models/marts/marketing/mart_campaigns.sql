-- What became of each advertising campaign: what it cost, the visits its tag brought, the orders whose last visit it was, the sales it is named in.
{{ config(tags=['report']) }}

with figures as (
  select
    campaign_sk,
    {{ total('spend') }} as spend,
    {{ count_of('impressions') }} as impressions,
    {{ count_of('clicks') }} as clicks,
    {{ total('conversions') }} as conversions,
    {{ total('conversion_value') }} as conversion_value
  from {{ ref('fct_ad_performance') }}
  group by campaign_sk
),

visits as (
  select campaign, count(*) as sessions, {{ count_of('case when is_signup then 1 else 0 end') }} as signups
  from {{ ref('fct_sessions') }}
  where campaign is not null
  group by campaign
),

credited as (
  select campaign, {{ count_of('last_credit') }} as orders, {{ total('last_revenue') }} as revenue
  from {{ ref('fct_touches') }}
  where campaign is not null
  group by campaign
),

deals as (
  select campaign_id, count(*) as won_deals, {{ total('amount') }} as won_amount
  from {{ ref('fct_opportunities') }}
  where is_won and campaign_id is not null
  group by campaign_id
)

select
  campaigns.platform,
  campaigns.campaign_id,
  campaigns.campaign_name,
  campaigns.status,
  cast(coalesce(figures.spend, 0) as decimal(18, 2)) as spend,
  coalesce(figures.impressions, 0) as impressions,
  coalesce(figures.clicks, 0) as clicks,
  cast(coalesce(figures.conversions, 0) as decimal(18, 2)) as conversions,
  cast(coalesce(figures.conversion_value, 0) as decimal(18, 2)) as conversion_value,
  coalesce(visits.sessions, 0) as sessions,
  coalesce(visits.signups, 0) as signups,
  coalesce(credited.orders, 0) as orders,
  cast(coalesce(credited.revenue, 0) as decimal(18, 2)) as revenue,
  {{ money_ratio('coalesce(credited.revenue, 0)', 'figures.spend') }} as roas,
  coalesce(deals.won_deals, 0) as won_deals,
  cast(coalesce(deals.won_amount, 0) as decimal(18, 2)) as won_amount,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('dim_campaign') }} as campaigns
left join figures on figures.campaign_sk = campaigns.campaign_sk
left join visits on visits.campaign = campaigns.campaign_id
left join credited on credited.campaign = campaigns.campaign_id
left join deals on deals.campaign_id = campaigns.campaign_id
