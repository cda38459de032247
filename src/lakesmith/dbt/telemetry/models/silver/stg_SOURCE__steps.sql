-- Steps of runs. One row per run and step.
{{ config(materialized='view') }}

select
    {{ lakesmith.star(source('SOURCE', 'lakesmith_steps')) }}
from {{ source('SOURCE', 'lakesmith_steps') }}
