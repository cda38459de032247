-- What visitors did, as it is known now: the app writes `customer_id` on it once it knows who they are. It sends no `referrer` any more.
{% set events = source('app', 'events') %}

select
  _id as event_id,
  kind,
  session_id,
  visitor_id,
  customer_id,
  url,
  lower({{ lakesmith.nested_part('utm', 'source') }}) as utm_source,
  lower({{ lakesmith.nested_part('utm', 'medium') }}) as utm_medium,
  {{ lakesmith.nested_part('utm', 'campaign') }} as utm_campaign,
  {{ if_there(events, 'referrer', dbt.type_string()) }} as referrer,
  occurred_at,
  updated_at,
  _ls_seq,
  _ls_op,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(events, '_id') }} as image
