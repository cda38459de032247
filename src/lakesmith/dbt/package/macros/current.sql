{#
  The newest image of every key, without keys whose newest row is a delete and without everything up to the newest
  truncate. Use it where a table is expected:

    select * from {{ lakesmith.current(source('app', 'orders'), 'order_id') }}

  relation: a relation or the name of a CTE, with _ls_seq and _ls_op
  key:      a column, or a list of columns; null counts as a value
  holes:    only for a CTE: the relation with _ls_unchanged that its rows are from, column by column

  A semi-join on max(_ls_seq): _ls_seq is unique in a stream, and this is several times faster than a window.
  Where the relation has _ls_unchanged, rows may have holes: values that a log did not bring since they did not change.
  There every column has its newest value that was brought since the key was last deleted; null if none was.
#}
{% macro current(relation, key, holes=none) %}
  {%- set keys = [key] if key is string else key -%}
  {%- set ids = lakesmith.field_ids(holes or relation) -%}
  {%- if ids -%}
    {{ lakesmith.current_with_holes(relation, keys, ids) }}
  {%- else -%}
  (
    select image.*
    from {{ relation }} as image
    where image._ls_op not in ('d', 't')
      and image._ls_seq in (select max(_ls_seq) from {{ relation }} group by {{ keys | join(', ') }})
      and {{ lakesmith.after_truncate(relation, 'image') }}
  )
  {%- endif -%}
{%- endmacro %}


{# The newest known value of every column; ids: column → field id, none for the columns Lakesmith adds. #}
{% macro current_with_holes(relation, keys, ids) %}
  {%- set names = keys | map('lower') | list -%}
  (
    select
    {%- for column, id in ids.items() %}
      {%- set value = 'image.' ~ adapter.quote(column) %}
      {% if column | lower in names -%}
        {{ value }}
      {%- else -%}
        {%- set brought = lakesmith.holds('image._ls_unchanged', id) ~ ' is not true' if id is not none else none %}
        {{ lakesmith.newest(value, 'image._ls_seq', brought) }} as {{ adapter.quote(column) }}
      {%- endif -%}
      {{ ',' if not loop.last }}
    {%- endfor %}
    from {{ relation }} as image
    left join (
      select {{ keys | join(', ') }}, max(_ls_seq) as ls_deleted from {{ relation }} where _ls_op = 'd' group by {{ keys | join(', ') }}
    ) as ended on {% for name in keys %}image.{{ name }} is not distinct from ended.{{ name }}{{ ' and ' if not loop.last }}{% endfor %}
    where image._ls_op not in ('d', 't')
      and image._ls_seq > coalesce(ended.ls_deleted, -1)
      and {{ lakesmith.after_truncate(relation, 'image') }}
    group by {% for name in keys %}image.{{ name }}{{ ', ' if not loop.last }}{% endfor %}
  )
{%- endmacro %}


{# Column → field id of a relation whose rows may have holes, none for the columns Lakesmith adds; empty for any other relation. #}
{% macro field_ids(relation) %}
  {%- if not execute or relation is string -%}{{ return({}) }}{%- endif -%}
  {%- set names = lakesmith.column_names(relation) -%}
  {%- if '_ls_unchanged' not in names -%}{{ return({}) }}{%- endif -%}
  {%- set known = lakesmith.known_field_ids(relation) -%}
  {%- set ids = {} -%}
  {%- for name in names -%}
    {%- if not lakesmith.is_system(name) and name not in known -%}
      {{ exceptions.raise_compiler_error('The field id of ' ~ relation ~ '.' ~ name ~ ' is not known, so holes in its rows cannot be told from nulls. Attach the table with Lakesmith, or name it in `holes`.') }}
    {%- endif -%}
    {%- do ids.update({name: known.get(name)}) -%}
  {%- endfor -%}
  {{- return(ids) -}}
{% endmacro %}


{# True for rows that came after the newest truncate of the relation. #}
{% macro after_truncate(relation, alias) -%}
  {{ alias }}._ls_seq > (select coalesce(max(_ls_seq), -1) from {{ relation }} where _ls_op = 't')
{%- endmacro %}
