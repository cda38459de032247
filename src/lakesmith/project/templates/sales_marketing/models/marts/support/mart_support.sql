-- Questions to the support team by the month they came in, and tag; a question with two tags counts for both.
{{ config(tags=['report']) }}

select
  {{ month_of('tickets.opened_on') }} as month,
  tags.tag,
  count(*) as tickets,
  {{ count_of('case when tickets.is_open then 1 else 0 end') }} as open_tickets,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('fct_tickets') }} as tickets
inner join {{ ref('stg_app__ticket_tags') }} as tags on tags.ticket_id = tickets.ticket_id
group by 1, 2
