-- Leads as they stand: the newest version of each, by the time of its update.
with newest as (
  select * from {{ lakesmith.history(ref('stg_backoffice__leads'), 'lead_id', 'updated_at') }}
  where is_current
),

companies as (
  select company_id from {{ ref('dim_company') }} where is_current
)

select
  newest.lead_id,
  coalesce(companies.company_id, 'unknown') as company_id,
  newest.email,
  coalesce(newest.campaign, '(none)') as campaign,
  newest.status,
  newest.status in ('contacted', 'qualified', 'converted') as was_contacted,
  newest.status in ('qualified', 'converted') as was_qualified,
  newest.status = 'converted' as is_converted,
  newest.status = 'lost' as is_lost,
  newest.created_at,
  {{ lakesmith.utc_date('newest.created_at') }} as created_on,
  newest.valid_from as updated_at,
  {{ lakesmith.utc_date('newest.valid_from') }} as updated_on,
  newest.version as versions,
  {{ lakesmith.built_at() }} as _ls_built_at
from newest
left join companies on companies.company_id = newest.company_id
