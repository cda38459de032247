{# Text without surrounding blanks; null for its spellings, in any case. NA is not one of them: it is Namibia. #}
{% macro nullify(expression, spellings=['', 'null', 'n/a', '-']) -%}
  {%- set text = 'trim(cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ '))' -%}
  case when lower({{ text }}) not in ('{{ spellings | join("', '") }}') then {{ text }} end
{%- endmacro %}


{# One spelling per key: upper case, without blanks and dashes (` c-0000123 ` is C0000123); null for an empty one. #}
{% macro clean_key(expression) -%}
  {%- set text = 'upper(cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ '))' -%}
  nullif({{ lakesmith.replace_all(text, '[ -]', '') }}, '')
{%- endmacro %}


{# Lower case, without surrounding blanks, with plain blanks instead of no-break ones: what the parsers start from. #}
{% macro plain_text(expression) -%}
  {%- set text = 'cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')' -%}
  {{ return("lower(trim(replace(replace(" ~ text ~ ", chr(160), ' '), chr(8239), ' ')))") }}
{%- endmacro %}
