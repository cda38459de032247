-- Results of tests. One row per run and test.
{{ config(materialized='view') }}

select
    {{ lakesmith.star(source('SOURCE', 'lakesmith_checks')) }}
from {{ source('SOURCE', 'lakesmith_checks') }}
