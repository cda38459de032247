{{ config(materialized='table') }} select * from {{ ref('letters') }}
