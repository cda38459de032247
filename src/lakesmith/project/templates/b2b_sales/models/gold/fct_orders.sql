-- One row per order, with the version of the company that held when it was placed.
with orders as (
  select
    *,
    status in ('paid', 'shipped') as is_sale,
    cast(quantity * unit_price as decimal(18, 2)) as gross_amount
  from {{ ref('stg_backoffice__orders') }}
),

placed as (
  select
    orders.*,
    coalesce(customers.customer_id, 'unknown') as known_customer_id,
    coalesce(customers.company_id, 'unknown') as company_id,
    coalesce(products.product_id, 'unknown') as known_product_id
  from orders
  left join {{ ref('dim_customer') }} as customers on customers.customer_id = orders.customer_id
  left join {{ ref('dim_product') }} as products on products.product_id = orders.product_id
)

select
  placed.order_id,
  placed.known_customer_id as customer_id,
  placed.known_product_id as product_id,
  companies.company_sk,
  placed.company_id,
  placed.ordered_at,
  {{ lakesmith.utc_date('placed.ordered_at') }} as ordered_on,
  placed.status,
  placed.is_sale,
  placed.quantity,
  placed.unit_price,
  placed.discount_pct,
  placed.gross_amount,
  {{ lakesmith.divide('placed.gross_amount * (100 - placed.discount_pct)', 100, 2) }} as net_amount,
  {{ lakesmith.built_at() }} as _ls_built_at
from placed
left join {{ ref('dim_company') }} as companies
  on companies.company_id = placed.company_id
  and (placed.ordered_at >= companies.valid_from or companies.version = 1)
  and (placed.ordered_at < companies.valid_to or companies.valid_to is null)
