-- The tags of tickets: one row per ticket and tag. `tag` was one word once, then a list, which is called `tags` since.
{% set tickets = source('app', 'tickets') %}

select distinct
  _id as ticket_id,
  lower(tag) as tag,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.child_rows(lakesmith.current(tickets, '_id'), ['tags', 'tag'], '_id', element='tag', of=tickets) }} as tags
where tag is not null
