-- How far people came, by month and channel of their first visit: visit, sign-up, lead, order.
{{ config(tags=['report']) }}

with ranked as (
  select
    person_id,
    customer_id,
    channel,
    started_on,
    row_number() over (partition by person_id order by started_at, session_id) as visit
  from {{ ref('fct_sessions') }}
),

leads as (
  select distinct customer_id from {{ ref('fct_leads') }} where customer_id is not null
),

buyers as (
  select customer_id from {{ ref('fct_orders') }} where is_first
),

counted as (
  select
    {{ month_of('ranked.started_on') }} as month,
    ranked.channel,
    count(*) as visitors,
    count(ranked.customer_id) as signups,
    count(leads.customer_id) as leads,
    count(buyers.customer_id) as buyers
  from ranked
  left join leads on leads.customer_id = ranked.customer_id
  left join buyers on buyers.customer_id = ranked.customer_id
  where ranked.visit = 1
  group by 1, 2
)

select
  month,
  channel,
  visitors,
  signups,
  leads,
  buyers,
  {{ lakesmith.divide('100 * signups', 'visitors', 1) }} as signup_pct,
  {{ lakesmith.divide('100 * buyers', 'visitors', 1) }} as buyer_pct,
  {{ lakesmith.built_at() }} as _ls_built_at
from counted
