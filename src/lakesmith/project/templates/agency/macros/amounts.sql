{# The currency of an amount, by its sign or code; the one of the house where it has none. #}
{% macro currency_of(expression) -%}
  {%- set text = lakesmith.plain_text(expression) -%}
  case
    when {{ lakesmith.matches(text, '[$]|usd') }} then 'USD'
    when {{ lakesmith.matches(text, '£|gbp') }} then 'GBP'
    when {{ lakesmith.matches(text, '€|eur') }} then 'EUR'
    else '{{ var("house_currency") }}'
  end
{%- endmacro %}


{# The first number of a contract in a text, in one spelling: `AG 2026-0017` is AG20260017. #}
{% macro contract_in(expression) -%}
  {%- set found = lakesmith.extract_first('upper(' ~ expression ~ ')', '(AG[ -]?20[0-9]{2}[- /]?[0-9]{4,})') -%}
  {{ return(lakesmith.replace_all(found, '[^A-Z0-9]', '')) }}
{%- endmacro %}


{# What stands behind a label in a line of a text, such as `Fee: `. #}
{% macro labelled(expression, label) -%}
  {{ return('nullif(trim(' ~ lakesmith.extract_first(expression, label ~ ': *([^\\n]+)') ~ "), '')") }}
{%- endmacro %}
