-- Pages seen by people: no bots, no files that a page pulls in, no failed requests.
select
  _ls_seq as page_view_id,
  requested_at,
  {{ lakesmith.utc_date('requested_at') }} as visited_on,
  page,
  coalesce(campaign, '(none)') as campaign,
  {{ lakesmith.surrogate_key(['client_ip', 'user_agent']) }} as visitor_id,
  status,
  referrer,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('stg_backoffice__weblogs') }}
where method = 'GET'
  and status between 200 and 399
  and not is_bot
  and not is_asset
