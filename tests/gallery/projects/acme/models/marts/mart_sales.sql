select customers.country, sum(orders.amount) as revenue, count(*) as orders
from {{ ref('stg_shop__orders') }} as orders
join {{ source('shop', 'customers') }} as customers using (customer_id)
group by all
