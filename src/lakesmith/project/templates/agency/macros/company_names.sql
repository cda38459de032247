{# Legal forms: as they should be written, and how they are written behind a name, in lower case. #}
{% macro legal_forms() -%}
  {{ return({
    'GmbH': 'g[.]?m[.]?b[.]?h[.]?', 'AG': 'a[.]?g[.]?', 'Ltd': 'ltd[.]?|limited', 'LLC': 'l[.]?l[.]?c[.]?', 'Inc': 'inc[.]?',
    'SAS': 's[.]?a[.]?s[.]?', 'BV': 'b[.]?v[.]?', 'SpA': 's[.]?p[.]?a[.]?',
  }) }}
{%- endmacro %}


{# The legal form behind a tidy name, as it is written there, with what stands before it: `, g.m.b.h.`; null where there is none. #}
{% macro legal_tail(name) -%}
  {{ return(lakesmith.extract_first('lower(' ~ name ~ ')', '([ ,]+(?:' ~ legal_forms().values() | join('|') ~ '))$')) }}
{%- endmacro %}


{# The usual spelling of a legal form. #}
{% macro legal_form(tail) -%}
  case
    {%- for form, spelled in legal_forms().items() %}
    when {{ lakesmith.matches(tail, '[ ,](' ~ spelled ~ ')$') }} then '{{ form }}'
    {%- endfor %}
  end
{%- endmacro %}


{# A tidy name without its legal form. #}
{% macro bare_name(name, tail) %}{{ return("substr(" ~ name ~ ", 1, length(" ~ name ~ ") - coalesce(length(" ~ tail ~ "), 0))") }}{% endmacro %}


{# What all spellings of a company's name have in common: small letters, one blank, no legal form. #}
{% macro name_key(name, tail) %}{{ return('nullif(lower(' ~ bare_name(name, tail) ~ "), '')") }}{% endmacro %}
