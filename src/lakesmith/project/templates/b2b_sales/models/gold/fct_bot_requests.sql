-- Requests by bots, one row per day and user agent.
select
  {{ lakesmith.utc_date('requested_at') }} as requested_on,
  user_agent,
  count(*) as requests,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('stg_backoffice__weblogs') }}
where is_bot
group by 1, 2
