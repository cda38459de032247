-- What rules thought of tables. One row per judgement.
{{ config(materialized='view') }}

select
    {{ lakesmith.star(source('SOURCE', 'lakesmith_judgements')) }}
from {{ source('SOURCE', 'lakesmith_judgements') }}
