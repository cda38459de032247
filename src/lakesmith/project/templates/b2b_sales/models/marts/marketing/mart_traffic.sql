-- Page views and visitors per day, page and campaign.
select
  visited_on,
  page,
  campaign,
  count(*) as views,
  count(distinct visitor_id) as visitors,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('fct_page_views') }}
group by 1, 2, 3
