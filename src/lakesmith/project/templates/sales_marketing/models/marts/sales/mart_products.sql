-- What was sold of each product, by month.
{{ config(tags=['report']) }}

select
  {{ month_of('ordered_on') }} as month,
  sku,
  product_name,
  {{ count_of('quantity') }} as quantity,
  {{ total('gross') }} as gross,
  {{ total('discount') }} as discount,
  {{ total('net') }} as net,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('fct_order_items') }}
where is_counted
group by 1, 2, 3
