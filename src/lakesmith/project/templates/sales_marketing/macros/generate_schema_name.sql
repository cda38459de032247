{# Schemas are called exactly silver, gold and marts: targets differ by database, not by a prefix. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ lakesmith.schema_name(custom_schema_name) }}
{%- endmacro %}
