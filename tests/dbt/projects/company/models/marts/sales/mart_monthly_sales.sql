{{ config(tags=['report']) }} select company_id, 1 as n from {{ ref('fct_orders') }} join {{ ref('dim_company') }} using (company_id)
