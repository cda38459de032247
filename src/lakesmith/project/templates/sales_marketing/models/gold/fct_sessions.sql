-- Visits. A browser belongs to whoever signed up or logged in with it, also in visits before that: `customer_id` is who it was as far as
-- that is known by now, `person_id` the customer, or else the browser.
with owners as (
  select visitor_id, min(customer_id) as customer_id
  from {{ ref('stg_app__events') }}
  where customer_id is not null
  group by visitor_id
),

sessions as (
  select
    session_id,
    min(visitor_id) as visitor_id,
    min(occurred_at) as started_at,
    max(case when kind = 'session_start' then utm_source end) as utm_source,
    max(case when kind = 'session_start' then utm_medium end) as utm_medium,
    max(case when kind = 'session_start' then utm_campaign end) as utm_campaign,
    max(case when kind = 'session_start' then referrer end) as referrer,
    sum(case when kind in ('session_start', 'page_view') then 1 else 0 end) as page_views,
    max(case when kind = 'signup' then 1 else 0 end) = 1 as is_signup
  from {{ ref('stg_app__events') }}
  group by session_id
)

select
  sessions.session_id,
  sessions.visitor_id,
  owners.customer_id,
  coalesce(owners.customer_id, sessions.visitor_id) as person_id,
  sessions.started_at,
  {{ lakesmith.utc_date('sessions.started_at') }} as started_on,
  {{ channel_of('sessions.utm_source', 'sessions.utm_medium', 'sessions.referrer') }} as channel,
  sessions.utm_source,
  sessions.utm_medium,
  sessions.utm_campaign as campaign,
  sessions.referrer,
  cast(sessions.page_views as bigint) as page_views,
  sessions.is_signup,
  {{ lakesmith.built_at() }} as _ls_built_at
from sessions
left join owners on owners.visitor_id = sessions.visitor_id
