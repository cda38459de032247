{#
  One row for each element of a list column, with the columns of the row it came from. Use it where a table is expected:

    select * from {{ lakesmith.unnest_list('documents', 'page_texts', ['path'], 'text') }}

  relation: a relation or the name of a CTE
  column:   the list; a row whose list is null or empty gives no row
  keep:     columns of the row that each element bears
  element:  the name of the column that holds the element; `position` is its place in the list, from 1
  nested:   whether the elements are lists or structs themselves; PostgreSQL has these as JSON, and all others as text
#}
{% macro unnest_list(relation, column, keep, element, nested=false) -%}
  {{ return(adapter.dispatch('unnest_list', 'lakesmith')(relation, column, [keep] if keep is string else keep, element, nested)) }}
{%- endmacro %}

{% macro default__unnest_list(relation, column, keep, element, nested) -%}
  (
    select {% for name in keep %}base.{{ name }}, {% endfor %}part.position, part.{{ element }}
    from {{ relation }} as base
    cross join lateral unnest(base.{{ column }}) with ordinality as part ({{ element }}, position)
  )
{%- endmacro %}

{% macro postgres__unnest_list(relation, column, keep, element, nested) -%}
  (
    select {% for name in keep %}base.{{ name }}, {% endfor %}part.position, part.{{ element }}
    from {{ relation }} as base
    cross join lateral {{ 'jsonb_array_elements' if nested else 'jsonb_array_elements_text' }}(
      case when jsonb_typeof(to_jsonb(base.{{ column }})) = 'array' then to_jsonb(base.{{ column }}) end
    ) with ordinality as part ({{ element }}, position)
  )
{%- endmacro %}

{# The list is unnested beside the numbers of its places: both go in step. #}
{% macro duckdb__unnest_list(relation, column, keep, element, nested) -%}
  (
    select {% for name in keep %}base.{{ name }}, {% endfor %}
      unnest(range(1, len(base.{{ column }}) + 1)) as position,
      unnest(base.{{ column }}) as {{ element }}
    from {{ relation }} as base
  )
{%- endmacro %}


{# A part of a struct. Its type is asked for by engines that have structs as JSON: a name, or `list` for a list. #}
{% macro part_of(struct, name, type='text') %}{{ return(adapter.dispatch('part_of', 'lakesmith')(struct, name, type)) }}{% endmacro %}

{% macro default__part_of(struct, name, type) %}{{ return('(' ~ struct ~ ').' ~ name) }}{% endmacro %}

{% macro postgres__part_of(struct, name, type) -%}
  {%- if type == 'list' -%}{{ return("(" ~ struct ~ " -> '" ~ name ~ "')") }}{%- endif -%}
  {{ return("cast(" ~ struct ~ " ->> '" ~ name ~ "' as " ~ type ~ ")") }}
{%- endmacro %}


{# An element of a list, counted from 1; null where there is none. #}
{% macro element_of(list, place) %}{{ return(adapter.dispatch('element_of', 'lakesmith')(list, place)) }}{% endmacro %}

{% macro default__element_of(list, place) %}{{ return('(' ~ list ~ ')[' ~ place ~ ']') }}{% endmacro %}

{% macro postgres__element_of(list, place) -%}
  {{ return("(to_jsonb(" ~ list ~ ") ->> case when " ~ place ~ " > 0 then cast(" ~ place ~ " - 1 as integer) end)") }}
{%- endmacro %}


{# How many elements a list has; null for no list. #}
{% macro list_size(list) %}{{ return(adapter.dispatch('list_size', 'lakesmith')(list)) }}{% endmacro %}

{% macro default__list_size(list) %}{{ return('array_length(' ~ list ~ ', 1)') }}{% endmacro %}

{% macro postgres__list_size(list) -%}
  {{ return("case when jsonb_typeof(to_jsonb(" ~ list ~ ")) = 'array' then cast(jsonb_array_length(to_jsonb(" ~ list ~ ")) as bigint) end") }}
{%- endmacro %}


{#
  One row for each attachment of a stream of `type: documents`: the key, `position`, and the attachment's own name, type, size,
  sha256 and text.

    select * from {{ lakesmith.document_attachments(lakesmith.current(source('inbox', 'mails'), 'path')) }}
#}
{% macro document_attachments(relation, key='path') -%}
  {%- set parts = ['name', 'type', 'size', 'sha256', 'text'] -%}
  {{ lakesmith.unnest_parts(relation, 'attachments', key, parts, {'size': 'bigint'}) }}
{%- endmacro %}


{# One row for each table of a document: the key, `position`, its number, page, header, and cells row by row. #}
{% macro document_tables(relation, key='path') -%}
  {%- set types = {'number': 'bigint', 'page': 'bigint', 'header': 'list', 'cells': 'list'} -%}
  {{ lakesmith.unnest_parts(relation, 'tables', key, ['number', 'page', 'header', 'cells'], types) }}
{%- endmacro %}


{#
  One row for each cell of each table: the key, `table_number`, `page`, `row_number` and `column_number` from 1, the `header` of
  its column (null where the document does not say which row is the header), and the `value`, null for an empty cell.
#}
{% macro document_cells(relation, key='path') -%}
  {%- set keys = [key] if key is string else key -%}
  {%- set table_rows = lakesmith.unnest_list(
    lakesmith.document_tables(relation, keys), 'cells', keys + ['number', 'page', 'header'], 'line', nested=true) -%}
  {%- set inner = '(select ' ~ keys | join(', ') ~ ', number as table_number, page, header as table_header, position as row_number, line from '
    ~ table_rows ~ ' as one)' -%}
  (
    select {% for name in keys %}{{ name }}, {% endfor %}table_number, page, row_number, position as column_number,
      {{ lakesmith.element_of('table_header', 'position') }} as header, nullif(value, '') as value
    from {{ lakesmith.unnest_list(inner, 'line', keys + ['table_number', 'page', 'row_number', 'table_header'], 'value') }} as cell
  )
{%- endmacro %}


{# One row for each page: the key, `page` from 1, and its text. #}
{% macro document_pages(relation, key='path') -%}
  {%- set keys = [key] if key is string else key -%}
  (
    select {% for name in keys %}{{ name }}, {% endfor %}position as page, text
    from {{ lakesmith.unnest_list(relation, 'page_texts', keys, 'text') }} as one
  )
{%- endmacro %}


{# One row for each element of a list of structs: the key, `position`, and the parts as columns; `types`: of parts that are no text. #}
{% macro unnest_parts(relation, column, key, parts, types={}) -%}
  {%- set keys = [key] if key is string else key -%}
  (
    select {% for name in keys %}{{ name }}, {% endfor %}position
      {%- for part in parts %}, {{ lakesmith.part_of('element', part, types.get(part, 'text')) }} as {{ adapter.quote(part) }}{% endfor %}
    from {{ lakesmith.unnest_list(relation, column, keys, 'element', nested=true) }} as one
  )
{%- endmacro %}
