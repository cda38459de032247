{# What the newest row that says anything in a column says; `place` numbers the rows. #}
{% macro newest_said(column) -%}
  {{ lakesmith.newest(column, 'place', column ~ ' is not null') }}
{%- endmacro %}


{#
  The names of the columns that take several values in a group of rows, null being one: `country, phone`. Empty for equal rows.

  columns: pairs of a name and an expression
#}
{% macro differing_columns(columns) -%}
  rtrim(
    {%- for name, expression in columns %}
    case when {{ lakesmith.distinct_values(expression) }} > 1 then '{{ name }}, ' else '' end ||
    {%- endfor %}
    '', ', '
  )
{%- endmacro %}

