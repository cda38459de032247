{{ config(tags=['report']) }}
select customers.country, cast(sum(orders.amount) as bigint) as revenue, count(*) as orders
from {{ ref('stg_shop__orders') }} as orders
join {{ source('shop', 'customers') }} as customers using (customer_id)
group by all
