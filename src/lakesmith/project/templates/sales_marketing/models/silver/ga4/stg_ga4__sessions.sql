-- Sessions by day, source, medium and campaign, as web analytics know them by now.
select
  date as day,
  session_source as source,
  session_medium as medium,
  session_campaign_name as campaign,
  cast(sessions as bigint) as sessions,
  cast(engaged_sessions as bigint) as engaged_sessions,
  cast(total_users as bigint) as users,
  cast(key_events as bigint) as key_events,
  _ls_seq,
  _ls_op,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(source('ga4', 'sessions'), ['date', 'session_source', 'session_medium', 'session_campaign_name']) }} as image
