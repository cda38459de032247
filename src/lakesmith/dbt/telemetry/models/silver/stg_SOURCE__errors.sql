-- Errors of steps. One row per error.
{{ config(materialized='view') }}

select
    {{ lakesmith.star(source('SOURCE', 'lakesmith_errors')) }}
from {{ source('SOURCE', 'lakesmith_errors') }}
