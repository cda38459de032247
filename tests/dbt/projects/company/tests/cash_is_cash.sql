select 1 from {{ ref('mart_cash') }} where false
