-- Changes of the shape of sources. One row per change.
{{ config(materialized='view') }}

select
    {{ lakesmith.star(source('SOURCE', 'lakesmith_drift')) }}
from {{ source('SOURCE', 'lakesmith_drift') }}
