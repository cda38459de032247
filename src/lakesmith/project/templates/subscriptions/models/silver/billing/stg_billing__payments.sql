-- Attempts to take money as they are now, cleaned. Of the two times of a payment that was made each stands in for the other.
with timed as (
  select
    *,
    {{ naive_utc('created_at') }} as began_at,
    {{ plausible('paid_at', 'updated_at') }} as ended_at
  from {{ lakesmith.current(source('billing', 'payments'), 'payment_id') }}
)

select
  payment_id,
  subscription_id,
  customer_id,
  card_id,
  {{ lakesmith.replace_all('upper(invoice_no)', '[^A-Z0-9]', '') }} as invoice_no,
  {{ json_text('details', 'idempotency_key') }} as charge_key,
  cast({{ json_text('details', 'attempt') }} as integer) as attempt,
  {{ lakesmith.parse_money('amount') }} as amount,
  {{ currency_of(['currency', 'amount']) }} as currency,
  status,
  coalesce(began_at, ended_at) as made_at,
  case when status = 'succeeded' then coalesce(ended_at, began_at) end as paid_at,
  deleted_at,
  updated_at,
  _ls_seq,
  _ls_op,
  {{ lakesmith.built_at() }} as _ls_built_at
from timed
