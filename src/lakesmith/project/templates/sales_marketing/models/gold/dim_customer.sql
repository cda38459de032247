-- Customers through time: one row per state that a load has met. A column that is renamed at its source changes no state.
select
  {{ lakesmith.surrogate_key(['customer_id', lakesmith.utc_text('valid_from')]) }} as customer_sk,
  customer_id,
  customer_name,
  email,
  phone,
  zip,
  city,
  visitor_id,
  created_at,
  version,
  valid_from,
  valid_to,
  is_current,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.history(
  ref('stg_app__customers'), 'customer_id', 'updated_at', compare=['customer_name', 'email', 'phone', 'zip', 'city']
) }} as versions
