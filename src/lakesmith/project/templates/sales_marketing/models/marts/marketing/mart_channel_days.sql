-- What each channel cost, reached and brought, day by day.
{{ config(tags=['report']) }}

with figures as (
  select
    day, platform as channel, impressions, coalesce(reach, 0) as reach, clicks, spend, conversions, conversion_value,
    0 as analytics_sessions, 0 as sessions, 0 as signups
  from {{ ref('fct_ad_performance') }}

  union all

  select day, channel, 0, 0, 0, 0, 0, 0, sessions, 0, 0
  from {{ ref('fct_web_analytics') }}

  union all

  select started_on, channel, 0, 0, 0, 0, 0, 0, 0, 1, case when is_signup then 1 else 0 end
  from {{ ref('fct_sessions') }}
)

select
  day,
  channel,
  {{ count_of('impressions') }} as impressions,
  {{ count_of('reach') }} as reach,
  {{ count_of('clicks') }} as clicks,
  {{ total('spend') }} as spend,
  {{ total('conversions') }} as conversions,
  {{ total('conversion_value') }} as conversion_value,
  {{ count_of('analytics_sessions') }} as analytics_sessions,
  {{ count_of('sessions') }} as sessions,
  {{ count_of('signups') }} as signups,
  {{ lakesmith.built_at() }} as _ls_built_at
from figures
group by day, channel
