{#
  One row for each element of a list column, as a child model has it: the key of the row it came from, `position` from 1, and
  the parts of the element as columns. Use it where a table is expected:

    select * from {{ lakesmith.child_rows(lakesmith.current(source('app', 'orders'), '_id'), 'items', '_id', parts={
      'sku': 'text', 'quantity': 'bigint', 'price': 'decimal(18, 2)', 'discount': 'decimal(18, 2)'
    }, of=source('app', 'orders')) }}

  relation: a relation, a subquery or the name of a CTE
  column:   the list; or several columns of which each row has one, e.g. a list that was renamed
  key:      a column, or a list of columns, that each element bears
  parts:    part → type; a part that no element has (yet) is null, and what waits in its sibling (`price__string`) is read back
            where nothing of it is changed. Without parts the element itself is the column `element`, as text
  element:  the name of that column
  of:       the relation whose columns tell which siblings there are, where `relation` is none

  A single value counts as a list of one, also where it came before or after lists: those wait in `<column>__json` or
  `<column>__string`. A row without the list, or with an empty one, gives no row. The same on DuckDB, where bronze has structs and
  lists, and on PostgreSQL, where it has JSON and arrays: both are read as JSON.
#}
{% macro child_rows(relation, column, key, parts={}, element='value', of=none) -%}
  {%- set keys = [key] if key is string else key -%}
  {%- set known = lakesmith.column_names(relation if of is none else of) if (of is not none or relation is not string) else [] -%}
  {%- set documents = [] -%}
  {%- for name in ([column] if column is string else column) if not known or name in known -%}
    {%- do documents.append(lakesmith.to_document('base.' ~ adapter.quote(name))) -%}
  {%- endfor -%}
  {%- for name in ([column] if column is string else column) -%}
    {%- for sibling in [name ~ '__json', name ~ '__string'] if sibling in known -%}
      {%- do documents.append(lakesmith.read_document('base.' ~ adapter.quote(sibling))) -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- set document = 'coalesce(' ~ documents | join(', ') ~ ')' if documents | length > 1 else documents[0] -%}
  {%- set names = [] -%}
  {%- for part in parts -%}{%- do names.extend(lakesmith.names_of_part(part)) -%}{%- endfor -%}
  (
    select {% for name in keys %}{{ name }}, {% endfor %}position
    {%- for part, type in parts.items() %},
      {{ lakesmith.document_part(lakesmith.element_texts(names), part, type) }} as {{ adapter.quote(part) }}
    {%- else %}, {{ lakesmith.document_text('ls_element') }} as {{ element }}
    {%- endfor %}
    from {{ lakesmith.document_elements(relation, document, keys, names) }} as one
  )
{%- endmacro %}


{#
  A part of an object in a column, as its type: null where no object has such a part (yet), and what waits in its sibling is read
  back where nothing of it is changed.
#}
{% macro nested_part(column, part, type='text') -%}
  {%- set document = lakesmith.to_document(column) -%}
  {%- set texts = {} -%}
  {%- for name in lakesmith.names_of_part(part) -%}{%- do texts.update({name: lakesmith.document_text(document, name)}) -%}{%- endfor -%}
  {{ lakesmith.document_part(texts, part, type) }}
{%- endmacro %}


{# What a part may be called: its name, and those of its siblings. #}
{% macro names_of_part(part) -%}
  {%- set names = [part] -%}
  {%- for suffix in ['__string', '__json', '_json', '__long', '__double', '__decimal'] -%}{%- do names.append(part ~ suffix) -%}{%- endfor -%}
  {{ return(names) }}
{%- endmacro %}


{# A part as its type, from the texts that stand under its names; where it is null, what its siblings hold. #}
{% macro document_part(texts, part, type) -%}
  {%- set found = texts[part] -%}
  {%- set told = [texts[part ~ '__string'], lakesmith.value_in_json(texts[part ~ '__json']), lakesmith.value_in_json(texts[part ~ '_json'])] -%}
  {%- if type == 'text' -%}
    coalesce({{ found }}, {{ told | join(', ') }})
  {%- else -%}
    case when {{ found }} is not null then cast({{ found }} as {{ type }}) else coalesce(
      {%- for wider in ['long', 'double', 'decimal'] %}
      {{ lakesmith.try_cast(texts[part ~ '__' ~ wider], type) }},
      {%- endfor %}
      {{ lakesmith.exact_cast('coalesce(' ~ told | join(', ') ~ ')', type) }}
    ) end
  {%- endif -%}
{%- endmacro %}


{#
  What a text of JSON says, as text: a value, or a number as MongoDB's extended JSON writes it. Parts of objects in lists bear such
  texts beside them (`quantity__json`; `quantity_json` where a source names the column itself) when values of two types came at once.
#}
{% macro value_in_json(text) -%}
  {%- set document = lakesmith.read_document(text) -%}
  {%- set ways = [] -%}
  {%- for name in ['$numberInt', '$numberLong', '$numberDouble', '$numberDecimal'] -%}{%- do ways.append(lakesmith.document_text(document, name)) -%}{%- endfor -%}
  {{ return('case when ' ~ text ~ ' is not null then coalesce(' ~ ways | join(', ') ~ ', ' ~ lakesmith.document_text(document) ~ ') end') }}
{%- endmacro %}


{# A value as JSON; null for null. #}
{% macro to_document(expression) %}{{ return(adapter.dispatch('to_document', 'lakesmith')(expression)) }}{% endmacro %}

{% macro default__to_document(expression) %}{{ return('to_jsonb(' ~ expression ~ ')') }}{% endmacro %}

{% macro duckdb__to_document(expression) %}{{ return('to_json(' ~ expression ~ ')') }}{% endmacro %}


{# A text that holds JSON, as JSON; any other text as a text in JSON. #}
{% macro read_document(expression) %}{{ return(adapter.dispatch('read_document', 'lakesmith')(expression)) }}{% endmacro %}

{% macro default__read_document(expression) -%}
  {{ return('(case when ' ~ expression ~ ' is json then cast(' ~ expression ~ ' as jsonb) else to_jsonb(' ~ expression ~ ') end)') }}
{%- endmacro %}

{% macro duckdb__read_document(expression) -%}
  {{ return('case when json_valid(' ~ expression ~ ') then cast(' ~ expression ~ ' as json) else to_json(' ~ expression ~ ') end') }}
{%- endmacro %}


{# JSON, or a part of an object in JSON, as text; null where there is none. #}
{% macro document_text(document, part=none) %}{{ return(adapter.dispatch('document_text', 'lakesmith')(document, part)) }}{% endmacro %}

{% macro default__document_text(document, part) -%}
  {{ return('(' ~ document ~ (" #>> '{}')" if part is none else " ->> '" ~ part ~ "')")) }}
{%- endmacro %}

{% macro duckdb__document_text(document, part) -%}
  {{ return('json_extract_string(' ~ document ~ ", '$" ~ ('' if part is none else '."' ~ part ~ '"') ~ "')") }}
{%- endmacro %}


{# Name → the text that an element of `document_elements` has under it. #}
{% macro element_texts(names) %}{{ return(adapter.dispatch('element_texts', 'lakesmith')(names)) }}{% endmacro %}

{% macro default__element_texts(names) -%}
  {%- set texts = {} -%}
  {%- for name in names -%}{%- do texts.update({name: lakesmith.document_text('ls_element', name)}) -%}{%- endfor -%}
  {{ return(texts) }}
{%- endmacro %}

{# All texts are taken from an element at once, which reads its JSON once. #}
{% macro duckdb__element_texts(names) -%}
  {%- set texts = {} -%}
  {%- for name in names -%}{%- do texts.update({name: 'ls_texts[' ~ loop.index ~ ']'}) -%}{%- endfor -%}
  {{ return(texts) }}
{%- endmacro %}


{# The elements of a list in JSON, with their places from 1; a single value is a list of one. #}
{% macro document_elements(relation, document, keys, names) -%}
  {{ return(adapter.dispatch('document_elements', 'lakesmith')(relation, document, keys, names)) }}
{%- endmacro %}

{% macro default__document_elements(relation, document, keys, names) -%}
  (
    select {% for name in keys %}base.{{ name }}, {% endfor %}part.position, part.ls_element
    from {{ relation }} as base
    cross join lateral (select {{ document }} as ls_document) as whole
    cross join lateral jsonb_array_elements(
      case jsonb_typeof(whole.ls_document) when 'array' then whole.ls_document when 'null' then null else jsonb_build_array(whole.ls_document) end
    ) with ordinality as part (ls_element, position)
    where whole.ls_document is not null
  )
{%- endmacro %}

{% macro duckdb__document_elements(relation, document, keys, names) -%}
  (
    select *{% if names %}, json_extract_string(ls_element, ['$."{{ names | join("\"', '$.\"") }}"']) as ls_texts{% endif %}
    from (
      select {% for name in keys %}{{ name }}, {% endfor %}
        unnest(range(1, cast(json_array_length(ls_list) as bigint) + 1)) as position,
        unnest(from_json(ls_list, '["JSON"]')) as ls_element
      from (
        select {% for name in keys %}{{ name }}, {% endfor %}
          case json_type(ls_document) when 'ARRAY' then ls_document when 'NULL' then null else json_array(ls_document) end as ls_list
        from (select {% for name in keys %}base.{{ name }}, {% endfor %}{{ document }} as ls_document from {{ relation }} as base) as whole
        where ls_document is not null
      ) as listed
    ) as unnested
  )
{%- endmacro %}
