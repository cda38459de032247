{# The few functions whose spelling differs between engines; every other macro is written on top of these. #}

{% macro try_cast(expression, type) %}
  {{- return(adapter.dispatch('try_cast', 'lakesmith')(expression, type)) -}}
{% endmacro %}

{# Engines without a try_cast raise an error on impossible values, such as 2026-02-30. #}
{% macro default__try_cast(expression, type) %}{{ return(dbt.safe_cast(expression, type)) }}{% endmacro %}

{% macro duckdb__try_cast(expression, type) %}{{ return('try_cast(' ~ expression ~ ' as ' ~ type ~ ')') }}{% endmacro %}


{# True where the pattern is found anywhere in the text. #}
{% macro matches(text, pattern) %}{{ return(adapter.dispatch('matches', 'lakesmith')(text, pattern)) }}{% endmacro %}

{% macro default__matches(text, pattern) %}{{ return("(" ~ text ~ " ~ '" ~ pattern ~ "')") }}{% endmacro %}

{% macro duckdb__matches(text, pattern) %}{{ return("regexp_matches(" ~ text ~ ", '" ~ pattern ~ "')") }}{% endmacro %}


{# Every occurrence replaced. #}
{% macro replace_all(text, pattern, replacement) %}
  {{- return("regexp_replace(" ~ text ~ ", '" ~ pattern ~ "', '" ~ replacement ~ "', 'g')") -}}
{% endmacro %}


{# What the first group of the pattern matched, or null. #}
{% macro extract_first(text, pattern) %}
  {{- return(adapter.dispatch('extract_first', 'lakesmith')(text, pattern)) -}}
{% endmacro %}

{% macro default__extract_first(text, pattern) %}
  {{- return("substring(" ~ text ~ " from '" ~ pattern ~ "')") -}}
{% endmacro %}

{% macro duckdb__extract_first(text, pattern) %}
  {{- return("nullif(regexp_extract(" ~ text ~ ", '" ~ pattern ~ "', 1), '')") -}}
{% endmacro %}


{# %20 becomes a blank. Engines without such a function decode only what is common in campaign names. #}
{% macro url_decode(text) %}{{ return(adapter.dispatch('url_decode', 'lakesmith')(text)) }}{% endmacro %}

{% macro default__url_decode(text) %}
  {{- return("replace(replace(" ~ text ~ ", '%20', ' '), '%2B', '+')") -}}
{% endmacro %}

{% macro duckdb__url_decode(text) %}{{ return("url_decode(" ~ text ~ ")") }}{% endmacro %}


{# Set the type apart from its zone: every instant in Lakesmith is a timestamp with time zone, in UTC. #}
{% macro type_instant() %}{{ return('timestamp with time zone') }}{% endmacro %}


{# The value in the row where `order` is greatest, null if it is null there. #}
{% macro newest(value, order) %}{{ return(adapter.dispatch('newest', 'lakesmith')(value, order)) }}{% endmacro %}

{% macro default__newest(value, order) %}{{ return('max_by(' ~ value ~ ', ' ~ order ~ ')') }}{% endmacro %}

{# max_by of DuckDB passes over nulls. #}
{% macro duckdb__newest(value, order) %}{{ return('arg_max_null(' ~ value ~ ', ' ~ order ~ ')') }}{% endmacro %}


{# Whether a list holds a number; null for no list. #}
{% macro holds(list, number) %}{{ return(adapter.dispatch('holds', 'lakesmith')(list, number)) }}{% endmacro %}

{% macro default__holds(list, number) %}{{ return('array_contains(' ~ list ~ ', ' ~ number ~ ')') }}{% endmacro %}

{% macro duckdb__holds(list, number) %}{{ return('list_contains(' ~ list ~ ', ' ~ number ~ ')') }}{% endmacro %}


{# Column → field id, as far as the engine knows them. #}
{% macro known_field_ids(relation) %}{{ return(adapter.dispatch('known_field_ids', 'lakesmith')(relation)) }}{% endmacro %}

{% macro default__known_field_ids(relation) %}{{ return({}) }}{% endmacro %}

{# Attached tables whose rows may have holes say the field id in the comment of each column. #}
{% macro duckdb__known_field_ids(relation) %}
  {%- set found = run_query(
    "select column_name, comment[7:] from duckdb_columns() where starts_with(comment, 'field ')"
    ~ " and schema_name = '" ~ relation.schema ~ "' and table_name = '" ~ relation.identifier ~ "'"
    ~ (" and database_name = '" ~ relation.database ~ "'" if relation.database else '')
  ) -%}
  {%- set ids = {} -%}
  {%- for name, id in found.rows -%}{%- do ids.update({name: id | int}) -%}{%- endfor -%}
  {{- return(ids) -}}
{% endmacro %}
