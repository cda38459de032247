-- Loads: the part of a run that moved one stream. One row per load.
{{ config(materialized='view') }}

select
    {{ lakesmith.star(source('SOURCE', 'lakesmith_loads')) }}
from {{ source('SOURCE', 'lakesmith_loads') }}
