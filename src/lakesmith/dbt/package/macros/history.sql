{#
  Every version of a key, from valid_from (inclusive) to valid_to (exclusive, null for the last).

  relation:   a relation or the name of a CTE, with _ls_seq and _ls_op
  key:        a column, or a list of columns; null counts as a value
  valid_from: the column that says since when a version holds, which is renamed to valid_from; of versions that share a
              value only the last to arrive (by _ls_seq) stays
  compare:    columns; a version equal to the one before it in all of them is dropped. Default: keep every version

  A delete ends the version before it and is no version itself. Rows up to the newest truncate are left out.
  Adds: version (1, 2, ... per key), valid_to, is_current.
#}
{% macro history(relation, key, valid_from, compare=none) %}
  {%- set by_key = ([key] if key is string else key) | join(', ') -%}
  {%- set in_order = '(partition by ' ~ by_key ~ ' order by valid_from nulls first, _ls_seq)' -%}
  (
    with standing as (
      select {{ lakesmith.all_but('image', valid_from, relation) }}, {{ valid_from }} as valid_from
      from {{ relation }} as image
      where {{ lakesmith.after_truncate(relation, 'image') }}
    ),

    newest_per_instant as (
      select * from standing
      where _ls_seq in (select max(_ls_seq) from standing group by {{ by_key }}, valid_from)
    ),

    {% if compare -%}
    marked as (
      select
        *,
        row_number() over {{ in_order }} > 1
        {%- for column in compare + ["(_ls_op = 'd')"] %}
        and {{ column }} is not distinct from lag({{ column }}) over {{ in_order }}
        {%- endfor %} as ls_is_repeated
      from newest_per_instant
    ),

    changes as (
      select {{ lakesmith.all_but('marked', 'ls_is_repeated', relation, gone=[valid_from], added=['valid_from']) }} from marked where not ls_is_repeated
    ),
    {%- else -%}
    changes as (
      select * from newest_per_instant
    ),
    {%- endif %}

    bounded as (
      select
        *,
        lead(valid_from) over {{ in_order }} as valid_to,
        lead(_ls_seq) over {{ in_order }} is null as is_current
      from changes
    )

    select *, row_number() over {{ in_order }} as version
    from bounded
    where _ls_op <> 'd'
  )
{%- endmacro %}
