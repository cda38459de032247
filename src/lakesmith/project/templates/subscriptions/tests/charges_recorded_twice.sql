-- A charge that stands in the database more than once: a warning; it counts once.
{{ config(severity='warn') }}
select charge_key, count(*) as records
from {{ ref('fct_payments') }}
where status = 'succeeded' and struck_out_at is null
group by charge_key
having count(*) > 1
