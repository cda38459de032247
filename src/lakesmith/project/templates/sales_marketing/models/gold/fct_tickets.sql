-- Questions to the support team.
select
  ticket_id,
  customer_id,
  subject,
  status,
  status = 'open' as is_open,
  opened_at,
  {{ lakesmith.utc_date('opened_at') }} as opened_on,
  closed_at,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('stg_app__tickets') }}
