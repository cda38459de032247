-- What steps used up. One row per run, step, subject and resource.
{{ config(materialized='view') }}

select
    {{ lakesmith.star(source('SOURCE', 'lakesmith_costs')) }}
from {{ source('SOURCE', 'lakesmith_costs') }}
