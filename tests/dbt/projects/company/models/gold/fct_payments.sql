select * from {{ ref('stg_billing__payments') }}
