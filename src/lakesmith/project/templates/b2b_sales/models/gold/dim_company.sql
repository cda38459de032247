-- Companies through time: one row per version, and one for companies nobody knows.
with versions as (
  select * from {{ lakesmith.history(ref('stg_backoffice__companies'), 'company_id', 'updated_at') }}
),

named as (
  select
    company_id,
    {{ known('name') }} as company_name,
    {{ known('industry') }} as industry,
    {{ known('country') }} as country,
    employees,
    annual_revenue,
    website,
    version,
    valid_from,
    valid_to,
    is_current
  from versions
  where company_id is not null

  union all

  select 'unknown', 'Unknown', 'Unknown', 'Unknown', null, null, null, 1, null, null, true
)

select
  {{ lakesmith.surrogate_key(['company_id', lakesmith.utc_text('valid_from')]) }} as company_sk,
  *,
  {{ lakesmith.built_at() }} as _ls_built_at
from named
