-- Customers with more than one row in the client list, and the columns in which these rows differ: after cleaning, which means
-- that somebody knows something else, and as typed, which means that somebody writes it otherwise.
{% set stated = [] -%}
{%- for name in ['legal_form', 'country', 'email', 'phone', 'revenue', 'currency', 'employees_kind', 'employees_from', 'employees_to'] -%}
  {%- do stated.append((name, 'records.' ~ name)) -%}
{%- endfor -%}
{%- set typed = [] -%}
{%- for name in ['client', 'country', 'email', 'phone', 'revenue', 'employees'] -%}
  {%- do typed.append((name, 'records.' ~ name ~ '_given')) -%}
{%- endfor %}

select
  customers.customer_sk,
  customers.customer_name,
  count(*) as records,
  {{ differing_columns(stated) }} as differing_columns,
  {{ differing_columns(typed) }} as differing_spellings,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('stg_crm__records') }} as records
inner join {{ ref('dim_customer') }} as customers on customers.customer_key = records.customer_key
group by customers.customer_sk, customers.customer_name
having count(*) > 1
