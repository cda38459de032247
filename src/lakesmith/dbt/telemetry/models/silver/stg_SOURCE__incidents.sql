-- Incidents as they stand. One row per incident. The newest line of an incident's story bears how it stands.
{{ config(materialized='view') }}

select
    {{ lakesmith.star(source('SOURCE', 'lakesmith_incidents'), except=['event_id', 'kind', 'detail', 'actor']) }}
from {{ source('SOURCE', 'lakesmith_incidents') }} as told
where told._ls_seq in (
  select max(_ls_seq) from {{ source('SOURCE', 'lakesmith_incidents') }} group by incident_id
)
