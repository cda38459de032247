-- Which channels and campaigns brought orders and revenue, by three rules of giving credit.
{{ config(tags=['report']) }}

with credited as (
  {% for model in ['first', 'last', 'linear'] -%}
  select
    {{ month_of('ordered_on') }} as month, '{{ model }}' as model, channel, campaign,
    {{ model }}_credit as orders, {{ model }}_revenue as revenue
  from {{ ref('fct_touches') }}
  where {{ model }}_credit > 0
  {%- if not loop.last %}

  union all

  {% endif -%}
  {%- endfor %}
)

select
  month,
  model,
  channel,
  campaign,
  cast(sum(orders) as decimal(18, 6)) as orders,
  {{ total('revenue') }} as revenue,
  {{ lakesmith.built_at() }} as _ls_built_at
from credited
group by month, model, channel, campaign
