{#
  Text to an exact decimal(18, scale): 1234.50 · 1,234.50 · 1.234,50 · 1 234,50, with €, $, £, EUR, USD or GBP on either
  side. A lone separator before three digits groups thousands (1.234 is 1234). More decimals than scale are null.
#}
{% macro parse_money(expression, scale=2) -%}
  {{ lakesmith.exact_decimal(lakesmith.plain_number(lakesmith.bare_amount(expression)), scale) }}
{%- endmacro %}


{#
  Text to an exact whole number, as bigint: 12500000 · 12,500,000 · €12.5M · 12.5 million · 12500K · 2bn.
  Before a unit a lone point is a decimal mark (1.234M is 1234000).
#}
{% macro parse_magnitude(expression) -%}
  {%- set amount = lakesmith.bare_amount(expression) -%}
  {%- set units = [
    ('k|thousand|tsd', '1000'), ('m|mn|mio|million|millions', '1000000'), ('b|bn|mrd|billion|billions', '1000000000')
  ] -%}
  case
    {%- for names, factor in units %}
    when {{ lakesmith.matches(amount, '^-?[0-9.,]+(' ~ names ~ ')$') }}
      then {{ lakesmith.whole(lakesmith.scaled(lakesmith.replace_all(amount, '[a-z]', ''), factor)) }}
    {%- endfor %}
    else {{ lakesmith.whole(lakesmith.scaled(amount, '1', dot_is_decimal=false)) }}
  end
{%- endmacro %}


{# Text to bigint: 1250 · 1,250 · ~1250 · 1250 employees · 3 pcs. Fractions are null. #}
{% macro parse_integer(expression) -%}
  {%- set text = lakesmith.plain_text(expression) -%}
  {%- set digits = lakesmith.extract_first(text, '^~? ?(-?[0-9][0-9.,]*)( ?[a-z]+)?[.]?$') -%}
  {%- set number = lakesmith.plain_number(digits) -%}
  case when {{ lakesmith.matches(number, '^-?[0-9]+([.]0+)?$') }}
    then {{ lakesmith.try_cast("split_part(" ~ number ~ ", '.', 1)", 'bigint') }} end
{%- endmacro %}


{#
  numerator / denominator, rounded half away from zero to scale decimals, as decimal(18, scale); null for a zero
  denominator. numerator: at most scale decimals. denominator: a positive whole number.
#}
{% macro divide(numerator, denominator, scale) -%}
  {{ return(adapter.dispatch('divide', 'lakesmith')(numerator, denominator, scale)) }}
{%- endmacro %}

{% macro default__divide(numerator, denominator, scale) -%}
  {%- set quotient = 'cast(' ~ numerator ~ ' as decimal(38, 12)) / nullif(' ~ denominator ~ ', 0)' -%}
  cast(round({{ quotient }}, {{ scale }}) as decimal(18, {{ scale }}))
{%- endmacro %}

{# DuckDB divides decimals as doubles; whole numbers of the smallest unit stay exact. #}
{% macro duckdb__divide(numerator, denominator, scale) -%}
  {%- set amount = "abs(cast(" ~ numerator ~ " as decimal(28, " ~ scale ~ ")))" -%}
  {%- set units = "cast(" ~ amount ~ " * 1" ~ '0' * scale ~ " as hugeint)" -%}
  {%- set count = "cast(nullif(" ~ denominator ~ ", 0) as hugeint)" -%}
  {%- set unit = "cast(0." ~ '0' * (scale - 1) ~ "1 as decimal(" ~ scale ~ ", " ~ scale ~ "))" -%}
  {%- set rounded = "(2 * " ~ units ~ " + " ~ count ~ ") // (2 * " ~ count ~ ")" -%}
  cast(cast(sign({{ numerator }}) * ({{ rounded }}) as decimal(32, 0)) * {{ unit }} as decimal(18, {{ scale }}))
{%- endmacro %}


{# Lower case, without currency and blanks; null where a blank does not group thousands (12 34). #}
{% macro bare_amount(expression) -%}
  {%- set text = lakesmith.plain_text(expression) -%}
  {{ return(
    "case when not " ~ lakesmith.matches(text, '[0-9] ([0-9]{1,2}|[0-9]{4,})([^0-9]|$)') ~ " then "
    ~ lakesmith.replace_all(text, 'eur|usd|gbp|[€$£ ]', '') ~ " end"
  ) }}
{%- endmacro %}


{# Digits with separators in any convention → digits with at most one point; null for anything else. #}
{% macro plain_number(text, dot_is_decimal=false) -%}
  {%- set decimal_point = "when " ~ lakesmith.matches(text, '^-?[0-9]+([.][0-9]+)?$') ~ " then " ~ text -%}
  {%- set lines = [
    "when " ~ lakesmith.matches(text, '^-?[1-9][0-9]{0,2}(,[0-9]{3})+([.][0-9]+)?$')
      ~ " then replace(" ~ text ~ ", ',', '')",
    "when " ~ lakesmith.matches(text, '^-?[1-9][0-9]{0,2}([.][0-9]{3})+(,[0-9]+)?$')
      ~ " then replace(replace(" ~ text ~ ", '.', ''), ',', '.')",
    "when " ~ lakesmith.matches(text, '^-?[0-9]+,[0-9]+$') ~ " then replace(" ~ text ~ ", ',', '.')",
  ] -%}
  {%- do lines.insert(0 if dot_is_decimal else 2, decimal_point) -%}
  {{ return('(case ' ~ lines | join(' ') ~ ' end)') }}
{%- endmacro %}


{# An amount times its unit, as a decimal with nine decimals. #}
{% macro scaled(amount, factor, dot_is_decimal=true) -%}
  {%- set number = lakesmith.plain_number(amount, dot_is_decimal) -%}
  {{ return(lakesmith.exact_decimal(number, 9, 27) ~ ' * cast(' ~ factor ~ ' as decimal(10, 0))') }}
{%- endmacro %}


{# A decimal as bigint, null where it has a fraction. #}
{% macro whole(number) -%}
  {{ return('case when ' ~ number ~ ' = floor(' ~ number ~ ') then cast(' ~ number ~ ' as bigint) end') }}
{%- endmacro %}


{# A plain number as decimal; null rather than rounded. #}
{% macro exact_decimal(number, scale, precision=18) -%}
  {%- set fits = lakesmith.matches(number, '^-?[0-9]+([.][0-9]{1,' ~ scale ~ '}0*)?$') -%}
  {%- set value = lakesmith.try_cast(number, "decimal(" ~ precision ~ ", " ~ scale ~ ")") -%}
  {{ return("case when " ~ fits ~ " then " ~ value ~ " end") }}
{%- endmacro %}
