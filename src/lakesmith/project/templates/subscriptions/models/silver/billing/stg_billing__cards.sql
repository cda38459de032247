-- Cards as they are now, cleaned. Columns the database gets arrive by themselves.
{% set cards = source('billing', 'cards') %}

with cleaned as (
  select
    {{ lakesmith.star(cards, replace={
      'brand': 'lower(' ~ lakesmith.tidy('brand') ~ ')',
      'expires': card_month('expires'),
    }) }},
    _ls_seq,
    _ls_op
  from {{ cards }}
)

select *, {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current('cleaned', 'card_id') }}
