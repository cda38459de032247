{# The currency of an amount, by its sign or code in any of the texts, the first that says one; that of the house where none does. #}
{% macro currency_of(expressions) -%}
  case
  {%- for expression in expressions %}
    {%- set text = lakesmith.plain_text(expression) %}
    when {{ lakesmith.matches(text, '[$]|usd') }} then 'USD'
    when {{ lakesmith.matches(text, '£|gbp') }} then 'GBP'
    when {{ lakesmith.matches(text, '€|eur') }} then 'EUR'
  {%- endfor %}
    else '{{ var("house_currency") }}'
  end
{%- endmacro %}


{# An amount in euros, in whole cents, halves away from zero. #}
{% macro in_eur(amount, rate) %}{{ return("cast(" ~ amount ~ " * " ~ rate ~ " as decimal(18, 2))") }}{% endmacro %}


{# A sum of money that is 0 for no rows. #}
{% macro total(expression) %}{{ return("cast(coalesce(sum(" ~ expression ~ "), 0) as decimal(18, 2))") }}{% endmacro %}
