{#
  Numbers of employees in one form: how they are meant, and their bounds. stg_crm__records takes the steps one after the other,
  so that no step has to be repeated inside the next.

    75 · 1,250 · 75 employees · seventy-five   exact
    ~75 · ca. 75 · approx. 75                  about
    50-100 · 50 – 100 · 50 to 100              range
    1,000+                                     at_least: no upper bound

  Anything else, and a range that runs backwards, is null.
#}
{% macro employees_kind() -%}
  case
    when lower_bound <= upper_bound then 'range'
    when at_least is not null then 'at_least'
    when about is not null then 'about'
    when exact is not null or worded is not null then 'exact'
  end
{%- endmacro %}


{# The ways of writing digits, as column → pattern with the digits in its group. #}
{% macro employees_forms() -%}
  {%- set number, between = '[0-9][0-9.,]*', ' ?(?:-|–|to) ?' -%}
  {{ return({
    'exact': '^(' ~ number ~ ')$',
    'about': '^(?:~|ca[.]?|approx[.]?|about) ?(' ~ number ~ ')$',
    'at_least': '^(' ~ number ~ ') ?[+]$',
    'lower_bound': '^(' ~ number ~ ')' ~ between ~ number ~ '$',
    'upper_bound': '^' ~ number ~ between ~ '(' ~ number ~ ')$',
  }) }}
{%- endmacro %}


{# The digits in a text that is written in one of these ways, or null. #}
{% macro employees_piece(text, form) %}{{ return(lakesmith.extract_first(text, employees_forms()[form])) }}{% endmacro %}


{# Lower case, without a word for people behind the number. #}
{% macro employees_text(expression) -%}
  {{ return(lakesmith.replace_all('lower(' ~ lakesmith.tidy(expression) ~ ')', ' ?(employees|people|staff)$', '')) }}
{%- endmacro %}


{# English words for 1 to 99, for hundreds up to nine hundred, and for thousands up to ninety thousand; null for other text. #}
{% macro number_in_words(text) -%}
  {%- set ones = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'] -%}
  {%- set teens = ['ten', 'eleven', 'twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'] -%}
  {%- set tens = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'] -%}
  {%- set words = {} -%}
  {%- for word in ones + teens -%}{%- do words.update({word: loop.index}) -%}{%- endfor -%}
  {%- for word in tens -%}
    {%- set value = 10 + 10 * loop.index -%}
    {%- do words.update({word: value}) -%}
    {%- for one in ones -%}{%- do words.update({word ~ '-' ~ one: value + loop.index}) -%}{%- endfor -%}
  {%- endfor -%}
  {%- for word in ones -%}{%- do words.update({word ~ '-hundred': 100 * loop.index}) -%}{%- endfor -%}
  {%- for word in ones + teens -%}{%- do words.update({word ~ '-thousand': 1000 * loop.index}) -%}{%- endfor -%}
  {%- for word in tens -%}{%- do words.update({word ~ '-thousand': 10000 + 10000 * loop.index}) -%}{%- endfor -%}
  (case replace({{ text }}, ' ', '-'){% for word, value in words.items() %} when '{{ word }}' then {{ value }}{% endfor %} end)
{%- endmacro %}
