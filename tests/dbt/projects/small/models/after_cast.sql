{{ config(materialized='table') }} select * from {{ ref('cast_letters') }}
