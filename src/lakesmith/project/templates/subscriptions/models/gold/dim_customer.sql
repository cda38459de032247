-- Accounts through time: one row per state, and one for accounts nobody knows. Accounts with the same e-mail address are one person's;
-- `main_customer_id` is the first of them.
with versions as (
  select * from {{ lakesmith.history(
    ref('stg_billing__customers'), 'customer_id', 'updated_at',
    compare=['full_name', 'email', 'country', 'is_test', 'acquired_by', 'created_at', 'deleted_at']
  ) }}
),

people as (
  select customer_id, min(customer_id) over (partition by email) as main_customer_id
  from versions
  where is_current
),

named as (
  select
    versions.customer_id,
    people.main_customer_id,
    {{ known('versions.full_name') }} as customer_name,
    versions.email,
    {{ known('versions.country') }} as country,
    versions.acquired_by,
    versions.is_test,
    versions.created_at,
    versions.deleted_at,
    versions.version,
    versions.valid_from,
    versions.valid_to,
    versions.is_current
  from versions
  inner join people on people.customer_id = versions.customer_id

  union all

  select 0, 0, 'Unknown', null, 'Unknown', null, false, null, null, 1, null, null, true
)

select
  {{ lakesmith.surrogate_key(['customer_id', lakesmith.utc_text('valid_from')]) }} as customer_sk,
  *,
  {{ lakesmith.built_at() }} as _ls_built_at
from named
