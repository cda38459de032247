-- Sales per month, product and company.
{{ config(tags=['report']) }}

with companies as (
  select company_id, company_name, country from {{ ref('dim_company') }} where is_current
),

monthly as (
  select
    cast(date_trunc('month', ordered_on) as date) as month,
    product_id,
    company_id,
    count(*) as orders,
    cast(sum(quantity) as bigint) as quantity,
    cast(sum(gross_amount) as decimal(18, 2)) as gross_amount,
    cast(sum(net_amount) as decimal(18, 2)) as net_amount
  from {{ ref('fct_orders') }}
  where is_sale
  group by 1, 2, 3
)

select
  monthly.month,
  monthly.product_id,
  products.product_name,
  products.category,
  monthly.company_id,
  companies.company_name,
  companies.country,
  monthly.orders,
  monthly.quantity,
  monthly.gross_amount,
  monthly.net_amount,
  {{ lakesmith.built_at() }} as _ls_built_at
from monthly
left join {{ ref('dim_product') }} as products on products.product_id = monthly.product_id
left join companies on companies.company_id = monthly.company_id
