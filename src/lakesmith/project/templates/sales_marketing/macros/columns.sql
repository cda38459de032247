{#
  Of several columns that mean the same the first that has a value, as far as the relation has them: a column that was renamed,
  before and after `lakesmith drift accept`. Null where it has none.
#}
{% macro first_of(relation, columns) -%}
  {%- set known = lakesmith.column_names(relation) -%}
  {%- set there = [] -%}
  {%- for name in columns if not known or name in known -%}{%- do there.append(name) -%}{%- endfor -%}
  {{ return('coalesce(' ~ there | join(', ') ~ ')' if there | length > 1 else (there | first or 'cast(null as ' ~ dbt.type_string() ~ ')')) }}
{%- endmacro %}


{# A column as text, whatever it was first: a number that became a text stands in the column, the text beside it. #}
{% macro text_of(relation, column) -%}
  {%- set text = 'cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')' -%}
  {{ return('coalesce(' ~ text ~ ', ' ~ column ~ '__string)' if column ~ '__string' in lakesmith.column_names(relation) else text) }}
{%- endmacro %}


{# A column as money, whatever it was first: a number, or a text with or without its currency; what came as the other stands beside it. #}
{% macro money_of(relation, column) -%}
  {%- set texts = [] -%}
  {%- if execute -%}
    {%- for one in adapter.get_columns_in_relation(relation) if one.name == column and one.is_string() -%}{%- do texts.append(one.name) -%}{%- endfor -%}
  {%- endif -%}
  {%- set amount = lakesmith.parse_money(column) if texts else 'cast(' ~ column ~ ' as decimal(18, 2))' -%}
  {%- if column ~ '__string' in lakesmith.column_names(relation) -%}
    {%- set amount = 'coalesce(' ~ amount ~ ', ' ~ lakesmith.parse_money(column ~ '__string') ~ ')' -%}
  {%- endif -%}
  {{ return('cast(' ~ amount ~ ' as decimal(18, 2))') }}
{%- endmacro %}


{# A column, or null of a type where the relation has no such column (any more, or yet). #}
{% macro if_there(relation, column, type) -%}
  {%- set known = lakesmith.column_names(relation) -%}
  {{ return(column if not known or column in known else 'cast(null as ' ~ type ~ ')') }}
{%- endmacro %}
