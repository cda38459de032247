{#
  Cleaning of texts by general rules. The macros for one value know nothing but the value; those for a table (cleaning_tables.sql)
  look at all of its rows. None of them makes a value up: what they return stands in the value, or elsewhere in the table.
#}

{# Text without blanks around it and with one blank where there were several, of any kind; null where nothing is left. #}
{% macro tidy(expression) -%}
  {%- set text = "cast(" ~ expression ~ " as " ~ dbt.type_string() ~ ")" -%}
  {{ return("nullif(trim(" ~ lakesmith.replace_all(text, '[\\s\u00a0\u2007\u2009\u202f\ufeff]+', ' ') ~ "), '')") }}
{%- endmacro %}


{#
  Tidy text, null where it only says that there is no value, in any case. Words that can be values (NA is Namibia, 0, x) are not among
  them: name them in `also`.
#}
{% macro placeholder_null(expression, also=[]) -%}
  {%- set text = lakesmith.tidy(expression) -%}
  {%- set spellings = [
    'n/a', 'n.a.', '#n/a', '#na', 'nan', 'null', '(null)', 'nil', 'none', '-', '--', '---', '?', '??', '.', 'unknown', 'unkn', 'tbd', 'tba',
    'missing', 'not available', 'not applicable', 'k.a.', 'keine angabe'
  ] + also -%}
  {{ return("case when lower(" ~ text ~ ") not in ('" ~ spellings | map('lower') | join("', '") ~ "') then " ~ text ~ " end") }}
{%- endmacro %}


{# A number without the unit behind it: `12.0 oz.` is 12, `3 pcs` 3, `0.05%` 0.05; other text as it is. See plain_digits. #}
{% macro strip_unit(expression, units='[^0-9 ][^0-9]*') -%}
  {%- set text = lakesmith.tidy(expression) -%}
  {%- set number = lakesmith.extract_first(text, '^(-?[0-9]+(?:[.][0-9]+)?) ?(?:' ~ units ~ ')$') -%}
  {{ return("coalesce(" ~ lakesmith.plain_digits(number) ~ ", " ~ text ~ ")") }}
{%- endmacro %}


{#
  A plain number without zeros that say nothing behind its point, and without what binary fractions leave behind when they are
  printed (0.055999999999999994 is 0.056): at most 15 digits are kept, as many as such numbers ever had. Null for other text.
#}
{% macro plain_digits(expression) -%}
  {%- set text = lakesmith.tidy(expression) -%}
  {%- set exact = lakesmith.replace_all(lakesmith.replace_all(text, '([.][0-9]*[1-9])0+$', lakesmith.first_group()), '[.]0*$', '') -%}
  {%- set noisy = lakesmith.matches(text, '^-?0[.]0*[1-9][0-9]{15,}$') -%}
  {%- set rounded = lakesmith.replace_all(
    "cast(cast(round(" ~ lakesmith.try_cast(text, lakesmith.type_to_round()) ~ ", 15) as decimal(18, 15)) as " ~ dbt.type_string() ~ ")",
    '[.]?0+$', '') -%}
  {{ return(
    "case when " ~ noisy ~ " then " ~ rounded ~ " when " ~ lakesmith.matches(text, '^-?[0-9]+([.][0-9]+)?$') ~ " then " ~ exact ~ " end"
  ) }}
{%- endmacro %}


{# The type whose round() takes a number of digits. #}
{% macro type_to_round() %}{{ return(adapter.dispatch('type_to_round', 'lakesmith')()) }}{% endmacro %}

{% macro default__type_to_round() %}{{ return('double precision') }}{% endmacro %}

{% macro postgres__type_to_round() %}{{ return('numeric') }}{% endmacro %}


{# How a replacement names what the first group of its pattern matched. #}
{% macro first_group() %}{{ return('\\1') }}{% endmacro %}


{#
  Digits of a telephone number, with + before them where the number has it or begins with 00; null where anything but digits and
  ( ) - . / and blanks stands in it, or fewer than 5 digits or more than 15.
#}
{% macro clean_phone(expression) -%}
  {%- set text = lakesmith.tidy(expression) -%}
  {%- set digits = lakesmith.replace_all(lakesmith.replace_all(text, '[() ./-]', ''), '^00', '+') -%}
  {{ return("case when " ~ lakesmith.matches(digits, '^[+]?[0-9]{5,15}$') ~ " then " ~ digits ~ " end") }}
{%- endmacro %}


{# A postal code of digits with the zeros at its beginning that a spreadsheet ate, of `length` digits; null for other text. #}
{% macro clean_zip(expression, length=5) -%}
  {%- set text = lakesmith.extract_first(lakesmith.tidy(expression), '^([0-9]{1,' ~ length ~ '})(?:[.]0|-[0-9]{4})?$') -%}
  {{ return("lpad(" ~ text ~ ", " ~ length ~ ", '0')") }}
{%- endmacro %}


{#
  Text without a value of another column behind it: `Portland OR` is Portland where OR is a value of `tails`.

  tails: a subquery or relation with one column `tail` that has the values
#}
{% macro without_tail(expression, tails) -%}
  {%- set text = lakesmith.tidy(expression) -%}
  {%- set tail = lakesmith.extract_first(text, '^.+[ ,] ?([^ ,]+)$') -%}
  {{ return(
    "case when " ~ tail ~ " in (select tail from " ~ tails ~ ") then rtrim(substr(" ~ text ~ ", 1, length(" ~ text ~ ") - length("
    ~ tail ~ ")), ' ,') else " ~ text ~ " end"
  ) }}
{%- endmacro %}


{# The value of another column that stands behind a text (see without_tail), or null. #}
{% macro tail_of(expression, tails) -%}
  {%- set tail = lakesmith.extract_first(lakesmith.tidy(expression), '^.+[ ,] ?([^ ,]+)$') -%}
  {{ return("case when " ~ tail ~ " in (select tail from " ~ tails ~ ") then " ~ tail ~ " end") }}
{%- endmacro %}


{# How many letters have to be changed, added or left out to make one text of the other. #}
{% macro edit_distance(one, other) %}{{ return(adapter.dispatch('edit_distance', 'lakesmith')(one, other)) }}{% endmacro %}

{% macro default__edit_distance(one, other) %}{{ return("levenshtein(" ~ one ~ ", " ~ other ~ ")") }}{% endmacro %}

{# Lakesmith brings the function when it attaches bronze; the one of the extension fuzzystrmatch ends at 255 letters. #}
{% macro postgres__edit_distance(one, other) %}{{ return("lakesmith.edit_distance(" ~ one ~ ", " ~ other ~ ")") }}{% endmacro %}
