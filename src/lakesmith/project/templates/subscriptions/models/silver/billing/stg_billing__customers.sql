-- Every state of every account that a load has met, cleaned: one row per account and update.
select
  customer_id,
  {{ lakesmith.tidy('full_name') }} as full_name,
  lower({{ lakesmith.tidy('email') }}) as email,
  upper({{ lakesmith.tidy('country') }}) as country,
  {{ has_text('tags', 'internal') }}
    or coalesce({{ json_text('metadata', 'test') }} = 'true', false)
    or lower({{ lakesmith.tidy('email') }}) like '%@test.example' as is_test,
  {{ json_text('metadata', 'source') }} as acquired_by,
  {{ plausible(naive_utc('created_at'), 'updated_at') }} as created_at,
  deleted_at,
  updated_at,
  _ls_seq,
  _ls_op,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(source('billing', 'customers'), ['customer_id', 'updated_at']) }}
