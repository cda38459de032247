select country, revenue from {{ ref('mart_sales') }} where revenue < 0
