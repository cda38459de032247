select * from {{ ref('stg_backoffice__companies') }} join {{ ref('countries') }} using (country)
