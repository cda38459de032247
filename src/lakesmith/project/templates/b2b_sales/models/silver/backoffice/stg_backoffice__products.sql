-- Products as they are now, cleaned.
{% set products = source('backoffice', 'products') %}

with cleaned as (
  select
    {{ lakesmith.star(products, replace={
      'product_id': lakesmith.clean_key('product_id'),
      'name': 'trim(name)',
      'category': 'trim(category)',
      'unit_price': lakesmith.parse_money('unit_price'),
      'launched_on': lakesmith.parse_date('launched_on'),
    }) }},
    _ls_seq,
    _ls_op
  from {{ products }}
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current('cleaned', 'product_id') }}
