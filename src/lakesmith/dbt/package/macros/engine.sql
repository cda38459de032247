{# The few functions whose spelling differs between engines; every other macro is written on top of these. #}

{% macro try_cast(expression, type) %}
  {{- return(adapter.dispatch('try_cast', 'lakesmith')(expression, type)) -}}
{% endmacro %}

{# Engines without a try_cast raise an error on impossible values, such as 2026-02-30. #}
{% macro default__try_cast(expression, type) %}{{ return(dbt.safe_cast(expression, type)) }}{% endmacro %}

{% macro postgres__try_cast(expression, type) %}
  {{- return("case when pg_input_is_valid(cast(" ~ expression ~ " as text), '" ~ type ~ "') then cast(cast(" ~ expression ~ " as text) as " ~ type ~ ") end") -}}
{% endmacro %}

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
  {{- return("nullif(substring(" ~ text ~ " from '" ~ pattern ~ "'), '')") -}}
{% endmacro %}

{% macro duckdb__extract_first(text, pattern) %}
  {{- return("nullif(regexp_extract(" ~ text ~ ", '" ~ pattern ~ "', 1), '')") -}}
{% endmacro %}


{# %20 becomes a blank. Engines without such a function decode only what is common in campaign names. #}
{% macro url_decode(text) %}{{ return(adapter.dispatch('url_decode', 'lakesmith')(text)) }}{% endmacro %}

{% macro default__url_decode(text) %}
  {{- return("replace(replace(" ~ text ~ ", '%20', ' '), '%2B', '+')") -}}
{% endmacro %}

{% macro postgres__url_decode(text) %}{{ return("lakesmith.percent_decode(" ~ text ~ ")") }}{% endmacro %}

{% macro duckdb__url_decode(text) %}{{ return("url_decode(" ~ text ~ ")") }}{% endmacro %}


{# Set the type apart from its zone: every instant in Lakesmith is a timestamp with time zone, in UTC. #}
{% macro type_instant() %}{{ return('timestamp with time zone') }}{% endmacro %}


{# The value in the row where `order` is greatest, null if it is null there; `where`: of the rows for which that holds. #}
{% macro newest(value, order, where=none) %}{{ return(adapter.dispatch('newest', 'lakesmith')(value, order, where)) }}{% endmacro %}

{% macro default__newest(value, order, where) %}
  {{- return('max_by(' ~ value ~ ', ' ~ order ~ ')' ~ lakesmith.only_rows(where)) -}}
{% endmacro %}

{# max_by of DuckDB passes over nulls. #}
{% macro duckdb__newest(value, order, where) %}
  {{- return('arg_max_null(' ~ value ~ ', ' ~ order ~ ')' ~ lakesmith.only_rows(where)) -}}
{% endmacro %}

{# Lakesmith brings this aggregate, and those functions of its schema that other macros call, when it attaches bronze. #}
{% macro postgres__newest(value, order, where) %}
  {{- return('lakesmith.newest(' ~ value ~ ' order by ' ~ order ~ ')' ~ lakesmith.only_rows(where)) -}}
{% endmacro %}

{% macro only_rows(where) %}{{ return(' filter (where ' ~ where ~ ')' if where else '') }}{% endmacro %}


{# Whether a list holds a number; null for no list. #}
{% macro holds(list, number) %}{{ return(adapter.dispatch('holds', 'lakesmith')(list, number)) }}{% endmacro %}

{% macro default__holds(list, number) %}{{ return('array_contains(' ~ list ~ ', ' ~ number ~ ')') }}{% endmacro %}

{% macro postgres__holds(list, number) %}{{ return('(' ~ number ~ ' = any(' ~ list ~ '))') }}{% endmacro %}

{% macro duckdb__holds(list, number) %}{{ return('list_contains(' ~ list ~ ', ' ~ number ~ ')') }}{% endmacro %}


{# Column → field id, as far as the engine knows them. #}
{% macro known_field_ids(relation) %}{{ return(adapter.dispatch('known_field_ids', 'lakesmith')(relation)) }}{% endmacro %}

{% macro default__known_field_ids(relation) %}{{ return({}) }}{% endmacro %}

{% macro postgres__known_field_ids(relation) %}
  {%- set found = run_query(
    "select a.attname, substr(col_description(a.attrelid, a.attnum), 7) from pg_attribute a"
    ~ " where a.attrelid = to_regclass('" ~ adapter.quote(relation.schema) ~ "." ~ adapter.quote(relation.identifier) ~ "') and a.attnum > 0"
    ~ " and col_description(a.attrelid, a.attnum) like 'field %'"
  ) -%}
  {%- set ids = {} -%}
  {%- for name, id in found.rows -%}{%- do ids.update({name: id | int}) -%}{%- endfor -%}
  {{- return(ids) -}}
{% endmacro %}

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


{#
  The schema of a node, for the project's `generate_schema_name`: exactly what the model says. Where readers open the database that
  is built in, models are built aside, in `ls_<target>_build__<schema>`, and Lakesmith puts them in place after the tests.
#}
{% macro schema_name(custom_schema_name) %}
  {%- if custom_schema_name is none -%}{{- return(target.schema) -}}{%- endif -%}
  {%- set parts = target.schema.split('_build__') -%}
  {{- return((parts[0] ~ '_build__' if parts | length > 1 else '') ~ custom_schema_name | trim) -}}
{% endmacro %}
