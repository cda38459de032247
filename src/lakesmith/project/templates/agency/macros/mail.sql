{# An address, in small letters, from `Name <address>`, `mailto:address` or the address alone; null where it is none. #}
{% macro mail_address(expression) -%}
  {%- set text = "lower(" ~ lakesmith.tidy(expression) ~ ")" -%}
  {{ return(lakesmith.extract_first(text, '^(?:[^<>]*<|mailto:)?([a-z0-9._%+-]+@[a-z0-9-]+(?:[.][a-z0-9-]+)+)>?$')) }}
{%- endmacro %}


{# The domain of an address; null where anybody can have one there. #}
{% macro company_domain(address) -%}
  {%- set domain = "split_part(" ~ address ~ ", '@', 2)" -%}
  {{ return("case when " ~ domain ~ " not in ('" ~ var('freemail_domains') | join("', '") ~ "') then nullif(" ~ domain ~ ", '') end") }}
{%- endmacro %}
