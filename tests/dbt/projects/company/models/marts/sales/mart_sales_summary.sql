select * from {{ ref('mart_monthly_sales') }}
