-- Runs that are over. One row per run.
{{ config(materialized='view') }}

select
    {{ lakesmith.star(source('SOURCE', 'lakesmith_runs')) }}
from {{ source('SOURCE', 'lakesmith_runs') }}
