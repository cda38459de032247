select * from {{ source('backoffice', 'companies') }}
