{{ config(materialized='table') }} select cast(letter as integer) as number from {{ ref('letters') }}
