select ordered_on, cast(sum(amount) as bigint) as revenue, count(*) as orders
from {{ ref('stg_shop__orders') }}
group by all
