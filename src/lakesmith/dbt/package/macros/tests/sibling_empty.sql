{#
  Values of a column that did not fit its type, and wait as text in <column>__string. A warning: no value is lost, and
  the staging model reads the sibling; but the source has changed its mind about the type.
#}
{% test sibling_empty(model, column_name) %}
  {{ config(severity='warn') }}
  {%- set sibling = column_name ~ '__string' %}
  {% if sibling in lakesmith.column_names(model) %}
  select {{ sibling }} from {{ model }} where {{ sibling }} is not null
  {% else %}
  select 1 as sibling where false
  {% endif %}
{% endtest %}
