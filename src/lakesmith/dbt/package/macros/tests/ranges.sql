{# Values below zero. #}
{% test not_negative(model, column_name) %}
  select {{ column_name }} from {{ model }} where {{ column_name }} < 0
{% endtest %}


{# Versions of a key that are valid at the same time. #}
{% test no_overlap(model, key, valid_from='valid_from', valid_to='valid_to') %}
  {%- set keys = ([key] if key is string else key) | join(', ') -%}
  with followed as (
    select *, lead({{ valid_from }}) over (partition by {{ keys }} order by {{ valid_from }}) as next_valid_from
    from {{ model }}
  )

  select {{ keys }}, {{ valid_from }}, {{ valid_to }}, next_valid_from
  from followed
  where {{ valid_to }} <= {{ valid_from }}
    or {{ valid_to }} > next_valid_from
    or (next_valid_from is not null and {{ valid_to }} is null)
{% endtest %}
