-- Sessions as web analytics count them: those of visitors who agreed to it.
select
  day,
  source,
  medium,
  campaign,
  {{ channel_of('source', 'medium') }} as channel,
  sessions,
  engaged_sessions,
  users,
  key_events,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('stg_ga4__sessions') }}
