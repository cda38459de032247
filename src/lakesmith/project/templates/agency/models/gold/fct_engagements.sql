-- One row per engagement, with its customer.
select
  {{ lakesmith.surrogate_key(['engagements.engagement_id']) }} as engagement_sk,
  engagements.engagement_id,
  coalesce(customers.customer_sk, 'unknown') as customer_sk,
  engagements.service,
  engagements.fee,
  engagements.started_on,
  engagements.ended_on,
  engagements.ended_on is null as is_running,
  engagements.contract_no,
  engagements.recorded_on,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('stg_crm__engagements') }} as engagements
left join {{ ref('dim_customer') }} as customers on customers.customer_key = engagements.customer_key
