-- Mails and contracts, one row per file.
select
  {{ lakesmith.surrogate_key(["'mail'", 'path']) }} as document_sk,
  'mail' as kind,
  path,
  contract_no,
  {{ lakesmith.utc_date('sent_at') }} as dated_on,
  error is null as is_readable,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('stg_inbox__mails') }}

union all

select
  {{ lakesmith.surrogate_key(["'contract'", 'path']) }},
  'contract',
  path,
  contract_no,
  signed_on,
  error is null,
  {{ lakesmith.built_at() }}
from {{ ref('stg_inbox__contracts') }}
