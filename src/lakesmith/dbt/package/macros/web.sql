{# The first value of a parameter in a query string or URL, decoded; null where it is missing or empty. #}
{% macro query_param(query, name) -%}
  {%- set value = lakesmith.extract_first(query, '(?:^|[?&])' ~ name ~ '=([^&#]*)') -%}
  {{ lakesmith.url_decode("replace(" ~ value ~ ", '+', ' ')") }}
{%- endmacro %}


{# The path of a page, without query, fragment and trailing slashes; the root stays `/`. #}
{% macro page_path(path) -%}
  {%- set bare = "rtrim(split_part(split_part(" ~ path ~ ", '?', 1), '#', 1), '/')" -%}
  case when {{ bare }} = '' then '/' else {{ bare }} end
{%- endmacro %}


{# True for files that a page pulls in. #}
{% macro is_asset(path, extensions=['css', 'js', 'png', 'svg', 'ico']) -%}
  {{ lakesmith.matches("lower(" ~ lakesmith.page_path(path) ~ ")", '[.](' ~ extensions | join('|') ~ ')$') }}
{%- endmacro %}


{# True where the user agent says that no person is reading; a missing one says nothing. #}
{% macro is_bot(user_agent, pattern='bot|crawler|spider|curl|wget|python-requests|headless') -%}
  coalesce({{ lakesmith.matches("lower(" ~ user_agent ~ ")", pattern) }}, false)
{%- endmacro %}
