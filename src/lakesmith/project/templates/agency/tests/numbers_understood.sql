-- Texts with a digit in them that are no revenue or number of employees by any rule: a warning, since they are null from here on.
{{ config(severity='warn') }}
select 'revenue' as column_name, spelling from {{ ref('stg_crm__revenues') }}
where revenue is null and {{ lakesmith.matches('spelling', '[0-9]') }}
union all
select 'employees', spelling from {{ ref('stg_crm__employee_counts') }}
where employees_kind is null and {{ lakesmith.matches('spelling', '[0-9]') }}
