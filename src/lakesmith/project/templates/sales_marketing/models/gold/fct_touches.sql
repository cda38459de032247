-- Visits in the 30 days before an order that is money, and their credit for it: all to the first, all to the last, or equal parts, which add
-- up to the order to the last cent. An order without any visit has one row, without a session.
with visits as (
  select
    orders.order_id,
    orders.customer_id,
    orders.ordered_on,
    orders.is_first,
    orders.total,
    sessions.session_id,
    sessions.started_at,
    sessions.channel,
    sessions.campaign,
    row_number() over (partition by orders.order_id order by sessions.started_at, sessions.session_id) as place,
    count(*) over (partition by orders.order_id) as touches
  from {{ ref('fct_orders') }} as orders
  left join {{ ref('fct_sessions') }} as sessions
    on sessions.customer_id = orders.customer_id
    and sessions.started_at <= orders.ordered_at
    and sessions.started_at > orders.ordered_at - interval '{{ var("attribution_hours") }} hours'
  where orders.is_counted
)

select
  {{ lakesmith.surrogate_key(['order_id', 'place']) }} as touch_sk,
  order_id,
  customer_id,
  ordered_on,
  is_first as is_first_order,
  session_id,
  started_at,
  coalesce(channel, 'none') as channel,
  campaign,
  place,
  touches,
  case when place = 1 then 1 else 0 end as first_credit,
  case when place = touches then 1 else 0 end as last_credit,
  cast({{ lakesmith.divide('place', 'touches', 6) }} - {{ lakesmith.divide('(place - 1)', 'touches', 6) }} as decimal(18, 6)) as linear_credit,
  cast(case when place = 1 then total else 0 end as decimal(18, 2)) as first_revenue,
  cast(case when place = touches then total else 0 end as decimal(18, 2)) as last_revenue,
  cast({{ lakesmith.divide('total * place', 'touches', 2) }} - {{ lakesmith.divide('total * (place - 1)', 'touches', 2) }} as decimal(18, 2))
    as linear_revenue,
  {{ lakesmith.built_at() }} as _ls_built_at
from visits
