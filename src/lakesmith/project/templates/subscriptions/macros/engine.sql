{# The functions whose spelling differs between engines. #}

{# A value of an object in JSON, as text; null where there is none. #}
{% macro json_text(column, name) %}{{ return(adapter.dispatch('json_text')(column, name)) }}{% endmacro %}

{% macro default__json_text(column, name) %}{{ return("(cast(" ~ column ~ " as jsonb) ->> '" ~ name ~ "')") }}{% endmacro %}

{% macro duckdb__json_text(column, name) %}{{ return("json_extract_string(" ~ column ~ ", '$." ~ name ~ "')") }}{% endmacro %}


{# Whether a list of texts has a text in it; false for no list. #}
{% macro has_text(list, text) %}{{ return(adapter.dispatch('has_text')(list, text)) }}{% endmacro %}

{% macro default__has_text(list, text) %}{{ return("coalesce('" ~ text ~ "' = any(" ~ list ~ "), false)") }}{% endmacro %}

{% macro duckdb__has_text(list, text) %}{{ return("coalesce(list_contains(" ~ list ~ ", '" ~ text ~ "'), false)") }}{% endmacro %}
