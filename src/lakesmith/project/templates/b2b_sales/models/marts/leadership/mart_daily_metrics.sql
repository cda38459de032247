-- The company's day in seven numbers: one row per day on which anything happened.
with new_leads as (
  select created_on as day, count(*) as new_leads from {{ ref('fct_leads') }} group by 1
),

conversions as (
  select updated_on as day, count(*) as conversions from {{ ref('fct_leads') }} where is_converted group by 1
),

traffic as (
  select visited_on as day, count(*) as page_views, count(distinct visitor_id) as visitors
  from {{ ref('fct_page_views') }}
  group by 1
),

bots as (
  select requested_on as day, sum(requests) as bot_requests from {{ ref('fct_bot_requests') }} group by 1
),

sales as (
  select ordered_on as day, count(*) as sales, sum(net_amount) as net_amount
  from {{ ref('fct_orders') }}
  where is_sale
  group by 1
),

days as (
  select day from new_leads
  union select day from conversions
  union select day from traffic
  union select day from bots
  union select day from sales
)

select
  days.day,
  coalesce(new_leads.new_leads, 0) as new_leads,
  coalesce(conversions.conversions, 0) as conversions,
  coalesce(traffic.page_views, 0) as page_views,
  coalesce(traffic.visitors, 0) as visitors,
  cast(coalesce(bots.bot_requests, 0) as bigint) as bot_requests,
  coalesce(sales.sales, 0) as sales,
  cast(coalesce(sales.net_amount, 0) as decimal(18, 2)) as net_amount,
  {{ lakesmith.built_at() }} as _ls_built_at
from days
left join new_leads on new_leads.day = days.day
left join conversions on conversions.day = days.day
left join traffic on traffic.day = days.day
left join bots on bots.day = days.day
left join sales on sales.day = days.day
