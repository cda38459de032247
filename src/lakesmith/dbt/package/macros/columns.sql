{#
  The columns a relation has when the model is compiled, so that a new source column reaches the model without an edit.

  except:  columns to leave out
  replace: column → expression, written in the place of the column; its sibling is left out, and a column the relation
           lacks is ignored
  system:  true to keep the _ls_* columns
#}
{% macro star(relation, except=[], replace={}, system=false) -%}
  {%- set dropped = except | map('lower') | list -%}
  {%- for name in replace -%}{%- do dropped.append(name ~ '__string') -%}{%- endfor -%}
  {%- set items = [] -%}
  {%- for name in lakesmith.column_names(relation) if name | lower not in dropped -%}
    {%- if name | lower in replace -%}
      {%- do items.append(replace[name | lower] ~ ' as ' ~ adapter.quote(name)) -%}
    {%- elif system or not lakesmith.is_system(name) -%}
      {%- do items.append(adapter.quote(name)) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ items | join(',\n    ') if items else '*' }}
{%- endmacro %}


{#
  The column, or where it is null what its sibling <column>__string parses to. Lakesmith makes a sibling when a value
  does not fit the type of the column; before that happens the sibling does not exist, and the column stands alone.

  parsed: an expression over the sibling, e.g. lakesmith.parse_integer('quantity__string')
#}
{% macro sibling(relation, column, parsed) -%}
  {%- if column ~ '__string' in lakesmith.column_names(relation) -%}
    coalesce({{ column }}, {{ parsed }})
  {%- else -%}
    {{ column }}
  {%- endif -%}
{%- endmacro %}


{#
  Text to a type, only where nothing of it is changed; else null: 1.5 is no whole number, 2026-03-04 10:00 no date, a time
  without an offset no instant, one with an offset no timestamp, and 20 digits no double. A plain cast would round them.
#}
{% macro exact_cast(expression, type) -%}
  {%- set text = 'trim(' ~ expression ~ ')' -%}
  {%- set day, clock = '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}', '[ tT][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?' -%}
  {%- set whole, number = '[+-]?[0-9]+([.]0*)?', '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)' -%}
  {%- set forms = {
    'boolean': '(true|false|t|f|yes|no|y|n|1|0)', 'integer': whole, 'bigint': whole,
    'real': number ~ '(e[+-]?[0-9])?', 'double precision': number ~ '(e[+-]?[0-9]{1,2})?',
    'date': day ~ '([ tT]0?0:00(:00([.]0*)?)?)?', 'timestamp': day ~ '(' ~ clock ~ ')?',
    'timestamp with time zone': day ~ clock ~ ' ?([zZ]|[+-][0-9]{2}(:?[0-9]{2})?)',
  } -%}
  {%- set places = type.split(',')[1].strip(' )') if type.startswith('decimal') else '0' -%}
  {%- set form = forms.get(type, '[+-]?[0-9]+([.][0-9]{0,' ~ places ~ '}0*)?') -%}
  {%- set digits = {'real': 6, 'double precision': 15}.get(type) -%}
  {%- set plain = "split_part(" ~ text ~ ", '.', 1)" if form == whole else text -%}
  case when {{ lakesmith.matches('lower(' ~ text ~ ')', '^' ~ form ~ '$') }}
    {%- if digits %} and {{ lakesmith.matches(
      lakesmith.replace_all(lakesmith.replace_all('lower(' ~ text ~ ')', 'e.*|[^0-9e]', ''), '^0+', ''),
      '^[0-9]{0,' ~ digits ~ '}$') }}
    {%- endif %} then {{ lakesmith.try_cast(plain, type) }} end
{%- endmacro %}


{# Names of a relation's columns; none while dbt only parses. #}
{% macro column_names(relation) %}
  {{- return(adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else []) -}}
{% endmacro %}


{# True for the columns Lakesmith adds, which are left out wherever rows are compared. #}
{% macro is_system(name) %}{{ return((name | lower).startswith('_ls_')) }}{% endmacro %}


{#
  Every column of a CTE but some. The CTE has no catalogue entry, so the engine has to do it; where it cannot, the columns are those
  of `relation` without those in `gone` and with those in `added`.
#}
{% macro all_but(alias, column, relation=none, gone=[], added=[]) -%}
  {%- set columns = [column] if column is string else column -%}
  {{ return(adapter.dispatch('all_but', 'lakesmith')(alias, columns, relation, gone, added)) }}
{%- endmacro %}

{# Without such a clause, and with nothing that tells the columns, they all stay; BigQuery and Databricks have one. #}
{% macro default__all_but(alias, columns, relation, gone, added) -%}
  {%- set known = lakesmith.column_names(relation) if relation is not none and relation is not string else [] -%}
  {%- if not known -%}{{ return(alias ~ '.*') }}{%- endif -%}
  {%- set items = [] -%}
  {%- for name in known if name not in columns + gone -%}{%- do items.append(alias ~ '.' ~ adapter.quote(name)) -%}{%- endfor -%}
  {%- for name in added -%}{%- do items.append(alias ~ '.' ~ adapter.quote(name)) -%}{%- endfor -%}
  {{ return(items | join(', ')) }}
{%- endmacro %}

{% macro duckdb__all_but(alias, columns, relation, gone, added) -%}
  {{ return(alias ~ '.* exclude (' ~ columns | join(', ') ~ ')') }}
{%- endmacro %}

{% macro snowflake__all_but(alias, columns, relation, gone, added) -%}
  {{ return(alias ~ '.* exclude (' ~ columns | join(', ') ~ ')') }}
{%- endmacro %}
