-- More was given back than was paid: a warning, since the money is gone, and the marts count only what had been taken.
{{ config(severity='warn') }}
select payment_id, sum(amount) as given_back, sum(counted_amount) as counted
from {{ ref('fct_refunds') }}
group by payment_id
having sum(amount) > sum(counted_amount)
