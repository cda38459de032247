{{ config(materialized='table') }} select nope from {{ ref('letters') }}
