-- The marts say what the facts say: money spent, money earned by each rule of giving credit, and visits.
with figures as (
  select
    'spend by day' as figure,
    (select sum(spend) from {{ ref('fct_ad_performance') }}) as fact,
    (select sum(spend) from {{ ref('mart_channel_days') }}) as mart
  union all
  select 'spend by campaign', (select sum(spend) from {{ ref('fct_ad_performance') }}), (select sum(spend) from {{ ref('mart_campaigns') }})
  union all
  select
    'visits',
    (select count(*) from {{ ref('fct_sessions') }}),
    (select sum(sessions) from {{ ref('mart_channel_days') }})
  {%- for model in ['first', 'last', 'linear'] %}
  union all
  select
    'revenue, {{ model }}',
    (select sum(total) from {{ ref('fct_orders') }} where is_counted),
    (select sum(revenue) from {{ ref('mart_attribution') }} where model = '{{ model }}')
  {%- endfor %}
  union all
  select
    'orders, linear',
    (select count(*) from {{ ref('fct_orders') }} where is_counted),
    (select sum(orders) from {{ ref('mart_attribution') }} where model = 'linear')
  union all
  select 'products', (select sum(net) from {{ ref('fct_order_items') }} where is_counted), (select sum(net) from {{ ref('mart_products') }})
)

select *
from figures
where fact is distinct from mart
