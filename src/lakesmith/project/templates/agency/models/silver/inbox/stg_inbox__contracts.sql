-- Contracts: one row per file, with what its lines say; a file that cannot be read says why in `error`.
with read as (
  select
    *,
    {{ lakesmith.tidy(labelled('text', 'Client')) }} as client_text,
    {{ labelled('text', 'Fee') }} as fee_text,
    {{ labelled('text', 'Signed on') }} as signed_text
  from {{ lakesmith.current(source('inbox', 'contracts'), 'path') }}
)

select
  path,
  sha256,
  type,
  {{ contract_in('text') }} as contract_no,
  {{ name_key('client_text', legal_tail('client_text')) }} as customer_key,
  {{ lakesmith.parse_money('fee_text') }} as fee,
  {{ lakesmith.parse_date('signed_text') }} as signed_on,
  error,
  {{ lakesmith.built_at() }} as _ls_built_at
from read
