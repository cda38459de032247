{#
  The newest image of every key, without keys whose newest row is a delete and without everything up to the newest
  truncate. Use it where a table is expected:

    select * from {{ lakesmith.current(source('app', 'orders'), 'order_id') }}

  relation: a relation or the name of a CTE, with _ls_seq and _ls_op
  key:      a column, or a list of columns; null counts as a value

  A semi-join on max(_ls_seq): _ls_seq is unique in a stream, and this is several times faster than a window.
#}
{% macro current(relation, key) %}
  {%- set keys = [key] if key is string else key -%}
  (
    select image.*
    from {{ relation }} as image
    where image._ls_op not in ('d', 't')
      and image._ls_seq in (select max(_ls_seq) from {{ relation }} group by {{ keys | join(', ') }})
      and {{ lakesmith.after_truncate(relation, 'image') }}
  )
{%- endmacro %}


{# True for rows that came after the newest truncate of the relation. #}
{% macro after_truncate(relation, alias) -%}
  {{ alias }}._ls_seq > (select coalesce(max(_ls_seq), -1) from {{ relation }} where _ls_op = 't')
{%- endmacro %}
