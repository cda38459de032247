{#
  md5 hex over a list of expressions. Each value is written with its length, and null as `n`, so that no two different
  lists share a text: ('a', null), ('a', ''), ('', 'a') and values that hold any separator all differ.

  Values are hashed by their text. The text of an instant depends on the session's time zone: pass it through
  lakesmith.utc_text() first.
#}
{% macro surrogate_key(expressions) -%}
  {%- set parts = [] -%}
  {%- for expression in expressions -%}
    {%- set text = 'cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {%- do parts.append(
      "coalesce('v' || cast(length(" ~ text ~ ") as " ~ dbt.type_string() ~ ") || ':' || " ~ text ~ ", 'n')"
    ) -%}
  {%- endfor -%}
  md5({{ parts | join(' || ') }})
{%- endmacro %}
