{{ config(materialized='incremental', tags=['hourly']) }} select * from {{ ref('stg_backoffice__orders') }}
