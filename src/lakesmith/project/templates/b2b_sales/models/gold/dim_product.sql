-- Products, and one row for products nobody knows.
with named as (
  select product_id, name as product_name, category, unit_price, launched_on
  from {{ ref('stg_backoffice__products') }}
  where product_id is not null

  union all

  select 'unknown', 'Unknown', 'Unknown', null, null
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from named
