{#
  The columns a relation has when the model is compiled, so that a new source column reaches the model without an edit.

  except:  columns to leave out
  replace: column → expression, written in the place of the column; its sibling is left out, and a column the relation
           lacks is ignored
  system:  true to keep the _ls_* columns
#}
{% macro star(relation, except=[], replace={}, system=false) -%}
  {%- set dropped = except | map('lower') | list -%}
  {%- for name in replace -%}{%- do dropped.append(name ~ '__string') -%}{%- endfor -%}
  {%- set items = [] -%}
  {%- for name in lakesmith.column_names(relation) if name | lower not in dropped -%}
    {%- if name | lower in replace -%}
      {%- do items.append(replace[name | lower] ~ ' as ' ~ adapter.quote(name)) -%}
    {%- elif system or not lakesmith.is_system(name) -%}
      {%- do items.append(adapter.quote(name)) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ items | join(',\n    ') if items else '*' }}
{%- endmacro %}


{#
  The column, or where it is null what its sibling <column>__string parses to. Lakesmith makes a sibling when a value
  does not fit the type of the column; before that happens the sibling does not exist, and the column stands alone.

  parsed: an expression over the sibling, e.g. lakesmith.parse_integer('quantity__string')
#}
{% macro sibling(relation, column, parsed) -%}
  {%- if column ~ '__string' in lakesmith.column_names(relation) -%}
    coalesce({{ column }}, {{ parsed }})
  {%- else -%}
    {{ column }}
  {%- endif -%}
{%- endmacro %}


{# Names of a relation's columns; none while dbt only parses. #}
{% macro column_names(relation) %}
  {{- return(adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else []) -}}
{% endmacro %}


{# True for the columns Lakesmith adds, which are left out wherever rows are compared. #}
{% macro is_system(name) %}{{ return((name | lower).startswith('_ls_')) }}{% endmacro %}


{# Every column of a CTE but one; the CTE has no catalogue entry, so the engine has to do it. #}
{% macro all_but(alias, column) %}{{ return(adapter.dispatch('all_but', 'lakesmith')(alias, column)) }}{% endmacro %}

{# Without such a clause the column stays beside its new name; BigQuery, Snowflake and Databricks have one. #}
{% macro default__all_but(alias, column) %}{{ return(alias ~ '.*') }}{% endmacro %}

{% macro duckdb__all_but(alias, column) %}{{ return(alias ~ '.* exclude (' ~ column ~ ')') }}{% endmacro %}
