-- Every state of every customer that a load has met: one row per customer and update. `phone` was renamed to `phone_number`, without a word
-- and in new documents only; `zip` was a number once, which lost its leading zeros.
{% set customers = source('app', 'customers') %}

select
  _id as customer_id,
  {{ lakesmith.tidy('name') }} as customer_name,
  lower({{ lakesmith.tidy('email') }}) as email,
  {{ first_of(customers, ['phone_number', 'phone_number__added', 'phone']) }} as phone,
  lpad({{ text_of(customers, 'zip') }}, 5, '0') as zip,
  city,
  visitor_id,
  created_at,
  updated_at,
  _ls_seq,
  _ls_op,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(customers, ['_id', 'updated_at']) }} as states
