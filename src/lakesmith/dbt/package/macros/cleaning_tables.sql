{#
  The rows of a relation with texts repaired where other rows tell what they should be. Everything is learned from the rows:

  1. A column depends on another one where rows with equal values in that one nearly all agree (`agreement`, of the rows in groups of
     two and more), and `gain` of those that do not have the usual value of the column at that: a customer number gives a name. No
     dependency has to be named.
  2. A text is repaired where more of the columns it depends on say the same other text than say the one it has, each by a majority in
     a group of at least `group_size` rows, and where it can have come from that text: at most `damage` of its letters differ, and
     at least `rarer` times as many rows have it. A null is filled only with `fill`.

  columns: the columns that take part, given back as text; the table is compared with itself once for every pair of them
  others:  columns that are given back as they are
#}
{% macro repaired(relation, columns, agreement=0.9, gain=0.2, group_size=3, damage=0.4, rarer=3, fill=false, others=[]) -%}
(
  with _base as (
    select *, row_number() over (order by {% for column in columns %}{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %}) as _row
    from {{ relation }}
  ),
  _cells as (
    {%- for column in columns %}
    select _row, '{{ column }}' as _name, cast({{ adapter.quote(column) }} as {{ dbt.type_string() }}) as _value from _base
    {{- ' union all' if not loop.last }}
    {%- endfor %}
  ),
  _often as (select _name, _value, count(*) as _rows from _cells where _value is not null group by _name, _value),
  _pairs as (
    select k._name as _key, k._value as _key_value, c._name, c._value, count(*) as _rows
    from _cells as k
    inner join _cells as c on k._row = c._row and k._name <> c._name
    where k._value is not null and c._value is not null
    group by k._name, k._value, c._name, c._value
  ),
  _ranked as (
    select *, sum(_rows) over (partition by _key, _key_value, _name) as _total,
      row_number() over (partition by _key, _key_value, _name order by _rows desc, _value) as _place
    from _pairs
  ),
  _groups as (select _key, _key_value, _name, _value, _rows, _total from _ranked where _place = 1 and _total > 1),
  _usual as (select _name, 1.0 * max(_rows) / sum(_rows) as _share from _often group by _name),
  _rules as (
    -- Nearly all rows agree on a column that is nearly always the same; that alone is no dependency.
    select g._key, g._name from _groups as g inner join _usual as u on u._name = g._name
    group by g._key, g._name, u._share
    having sum(g._rows) >= {{ agreement }} * sum(g._total)
      and 1.0 * sum(g._rows) / sum(g._total) >= u._share + {{ gain }} * (1 - u._share)
      and 2 * sum(g._total) >= (select count(*) from _base)
      and count(*) > 1
  ),
  _said as (
    select c._row, c._name, c._value as _has, g._value as _says, count(*) as _votes
    from _cells as c
    inner join _cells as k on k._row = c._row and k._name <> c._name
    inner join _rules as r on r._key = k._name and r._name = c._name
    inner join _groups as g on g._key = k._name and g._key_value = k._value and g._name = c._name
    where g._total >= {{ group_size }} and 2 * g._rows > g._total
    group by c._row, c._name, c._value, g._value
  ),
  _judged as (
    select *, row_number() over (partition by _row, _name order by _votes desc, _says) as _place,
      max(case when _says = _has then _votes else 0 end) over (partition by _row, _name) as _for_it
    from _said
  ),
  _repairs as (
    select j._row, j._name, j._says
    from _judged as j
    left join _often as h on h._name = j._name and h._value = j._has
    inner join _often as s on s._name = j._name and s._value = j._says
    where j._place = 1 and j._votes > j._for_it and (
      (j._has is null and {{ fill | lower }})
      or (
        j._has <> j._says and s._rows >= {{ rarer }} * h._rows
        and {{ lakesmith.edit_distance('j._has', 'j._says') }} <= greatest(1, floor({{ damage }} * length(j._says)))
      )
    )
  ),
  _wide as (
    select _row
      {%- for column in columns %},
      max(case when _name = '{{ column }}' then _says end) as _to_{{ loop.index }}
      {%- endfor %}
    from _repairs group by _row
  )
  select {% for column in columns %}
    coalesce(_wide._to_{{ loop.index }}, _cells_of._is_{{ loop.index }}) as {{ adapter.quote(column) }}{{ ',' if not loop.last }}
  {%- endfor %}
  {%- for column in others %}, _cells_of.{{ adapter.quote(column) }}{% endfor %}
  from (
    select _base.*{% for column in columns %}, cast({{ adapter.quote(column) }} as {{ dbt.type_string() }}) as _is_{{ loop.index }}{% endfor %}
    from _base
  ) as _cells_of
  left join _wide on _wide._row = _cells_of._row
)
{%- endmacro %}


{#
  A relation with one row for every rare text of a column that can only be a slip of one frequent text of it: `_from`, `_to`.

  A text is rare where the frequent one has at least `rarer` times its rows; it can only be a slip where exactly one frequent text is
  nearest, and at most `damage` of its letters are others. Short texts and numbers that differ by one character mean it: texts
  of fewer than `shortest` letters are left alone, and so is every digit.
#}
{% macro slips(relation, column, damage=0.25, rarer=10, shortest=5) -%}
(
  with _texts as (
    select cast({{ adapter.quote(column) }} as {{ dbt.type_string() }}) as _text, count(*) as _rows
    from {{ relation }} where {{ adapter.quote(column) }} is not null group by 1
  ),
  _near as (
    select r._text as _from, f._text as _to, {{ lakesmith.edit_distance('r._text', 'f._text') }} as _far
    from _texts as r
    inner join _texts as f on f._rows >= {{ rarer }} * r._rows
      and length(f._text) >= {{ shortest }} and abs(length(f._text) - length(r._text)) <= {{ damage }} * length(f._text)
      and {{ lakesmith.replace_all('r._text', '[^0-9]+', '') }} = {{ lakesmith.replace_all('f._text', '[^0-9]+', '') }}
  ),
  _nearest as (
    select *, min(_far) over (partition by _from) as _best from _near where _far <= {{ damage }} * length(_to)
  )
  select _from, max(_to) as _to from _nearest where _far = _best group by _from having count(*) = 1
)
{%- endmacro %}


{#
  The rows of a relation with the texts of some columns as maps say: `maps` is a macro such as lakesmith.slips or
  lakesmith.usual_spellings, called as maps(relation, column); a text it has no row for stays.
#}
{% macro mapped(relation, columns, maps, others=[]) -%}
(
  select {% for column in columns %}
    coalesce(_map_{{ loop.index }}._to, _of.{{ adapter.quote(column) }}) as {{ adapter.quote(column) }}{{ ',' if not loop.last }}
  {%- endfor %}
  {%- for column in others %}, _of.{{ adapter.quote(column) }}{% endfor %}
  from {{ relation }} as _of
  {%- for column in columns %}
  left join {{ maps(relation, column) }} as _map_{{ loop.index }} on _map_{{ loop.index }}._from = _of.{{ adapter.quote(column) }}
  {%- endfor %}
)
{%- endmacro %}


{#
  A relation with one row for every spelling of a text that differs from the usual one only in upper and lower case and blanks:
  `_from`, `_to`. The usual one is what most rows have.
#}
{% macro usual_spellings(relation, column) -%}
(
  with _texts as (
    select cast({{ adapter.quote(column) }} as {{ dbt.type_string() }}) as _text,
      lower({{ lakesmith.tidy(adapter.quote(column)) }}) as _folded, count(*) as _rows
    from {{ relation }} where {{ adapter.quote(column) }} is not null group by 1, 2
  ),
  _ranked as (
    select *, first_value(_text) over (partition by _folded order by _rows desc, _text) as _usual from _texts where _folded is not null
  )
  select _text as _from, {{ lakesmith.tidy('_usual') }} as _to from _ranked where _text <> {{ lakesmith.tidy('_usual') }}
)
{%- endmacro %}
