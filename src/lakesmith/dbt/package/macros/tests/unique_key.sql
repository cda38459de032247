{#
  Keys with more than one row. Each failing row names the columns that differ between the rows of its key: an empty
  list means exact copies, which point at the load; a full one points at the join.

  key: a column, or a list of columns
#}
{% test unique_key(model, key) %}
  {%- set keys = [key] if key is string else key -%}
  {%- set compared = [] -%}
  {%- for name in lakesmith.column_names(model) if name not in keys and not lakesmith.is_system(name) -%}
    {%- do compared.append(name) -%}
  {%- endfor %}

  select
    {{ keys | join(', ') }},
    count(*) as copies,
    rtrim(
      {%- for name in compared %}
      case when {{ lakesmith.distinct_values(adapter.quote(name)) }} > 1 then '{{ name }}, ' else '' end ||
      {%- endfor %}
      '', ', '
    ) as differing_columns
  from {{ model }}
  group by {{ keys | join(', ') }}
  having count(*) > 1
{% endtest %}


{# How many values a column takes, null being one. #}
{% macro distinct_values(column) -%}
  count(distinct cast({{ column }} as {{ dbt.type_string() }})) + max(case when {{ column }} is null then 1 else 0 end)
{%- endmacro %}
