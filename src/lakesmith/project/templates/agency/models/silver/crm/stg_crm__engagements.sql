-- One row per engagement, as its newest row says.
select
  engagement_id,
  customer_key,
  service,
  fee,
  started_on,
  ended_on,
  contract_no,
  valid_from as recorded_on,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.history(ref('stg_crm__records'), 'engagement_id', 'recorded_on') }}
where is_current
