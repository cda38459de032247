-- Questions to the support team as they are now. Their tags are in stg_app__ticket_tags.
{% set tickets = source('app', 'tickets') %}

select
  _id as ticket_id,
  customer_id,
  subject,
  status,
  opened_at,
  {{ if_there(tickets, 'closed_at', lakesmith.type_instant()) }} as closed_at,
  updated_at,
  _ls_seq,
  _ls_op,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(tickets, '_id') }} as image
