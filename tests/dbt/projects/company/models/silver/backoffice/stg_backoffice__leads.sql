select * from {{ source('backoffice', 'leads') }}
