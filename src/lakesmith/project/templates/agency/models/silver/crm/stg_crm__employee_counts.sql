-- Every way in which the client list writes a number of employees, and what it means: one row per spelling.
with texts as (
  select distinct employees as spelling, {{ employees_text('employees') }} as employees_text
  from {{ source('crm', 'clients') }}
  where employees is not null
),

pieces as (
  select
    *
    {%- for form in employees_forms() %},
    {{ employees_piece('employees_text', form) }} as {{ form }}_text
    {%- endfor %}
  from texts
),

counted as (
  select
    *,
    {{ number_in_words('employees_text') }} as worded
    {%- for form in employees_forms() %},
    {{ lakesmith.parse_integer(form ~ '_text') }} as {{ form }}
    {%- endfor %}
  from pieces
),

-- a range that runs backwards is none
judged as (
  select *, {{ employees_kind() }} as employees_kind from counted
)

select
  spelling,
  employees_kind,
  case when employees_kind = 'range' then lower_bound else coalesce(at_least, about, exact, worded) end as employees_from,
  case when employees_kind = 'range' then upper_bound else coalesce(about, exact, worded) end as employees_to,
  {{ lakesmith.built_at() }} as _ls_built_at
from judged
