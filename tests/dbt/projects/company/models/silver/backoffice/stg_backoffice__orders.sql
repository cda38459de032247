select * from {{ source('backoffice', 'orders') }}
