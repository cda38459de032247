{# What readers see where the source says nothing. #}
{% macro known(expression) %}coalesce({{ expression }}, 'Unknown'){% endmacro %}
