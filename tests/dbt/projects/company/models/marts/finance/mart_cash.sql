{{ config(tags=['report']) }} select * from {{ ref('fct_payments') }} join {{ ref('dim_company') }} using (company_id)
