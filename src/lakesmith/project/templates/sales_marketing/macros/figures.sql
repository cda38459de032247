{# Millionths of a currency as money. #}
{% macro from_micros(expression) %}{{ return("cast(cast(" ~ expression ~ " as decimal(28, 0)) * 0.000001 as decimal(18, 2))") }}{% endmacro %}


{# A sum of money that is 0 for no rows. #}
{% macro total(expression) %}{{ return("cast(coalesce(sum(" ~ expression ~ "), 0) as decimal(18, 2))") }}{% endmacro %}


{# A sum of whole numbers that is 0 for no rows. #}
{% macro count_of(expression) %}{{ return("cast(coalesce(sum(" ~ expression ~ "), 0) as bigint)") }}{% endmacro %}


{# An amount divided by another, with two decimals; null where that is 0. #}
{% macro money_ratio(above, below) -%}
  {{ return(lakesmith.divide('100 * (' ~ above ~ ')', 'cast(100 * (' ~ below ~ ') as bigint)', 2)) }}
{%- endmacro %}


{# The first of the month of a day. #}
{% macro month_of(day) %}{{ return("cast(" ~ dbt.date_trunc('month', day) ~ " as date)") }}{% endmacro %}


{# How many months a date is after the year 0: two of these subtracted are the months between. #}
{% macro month_number(day) -%}
  {{ return("(cast(extract(year from " ~ day ~ ") as integer) * 12 + cast(extract(month from " ~ day ~ ") as integer))") }}
{%- endmacro %}
