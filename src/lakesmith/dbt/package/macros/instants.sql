{# One UTC instant per invocation, for _ls_built_at. #}
{% macro built_at() -%}
  cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}+00' as {{ lakesmith.type_instant() }})
{%- endmacro %}


{# The UTC day of an instant, whatever the session's time zone. #}
{% macro utc_date(instant) %}{{ return("cast(" ~ instant ~ " at time zone 'UTC' as date)") }}{% endmacro %}


{# The text of an instant in UTC, whatever the session's time zone. #}
{% macro utc_text(instant) -%}
  {{ return("cast(" ~ instant ~ " at time zone 'UTC' as " ~ dbt.type_string() ~ ")") }}
{%- endmacro %}


{#
  Text to date: 2026-03-04 · 20260304 · 04.03.2026 (day first) · 03/04/2026 (month first) · Mar 4, 2026.
  Anything else, and days that do not exist, are null.
#}
{% macro parse_date(expression) -%}
  {%- set text = lakesmith.plain_text(expression) -%}
  {{ lakesmith.try_cast(lakesmith.iso_day(text), 'date') }}
{%- endmacro %}


{#
  Text to instant: 2026-03-04T10:11:00Z, or with an offset · 2026-03-04 10:11:00 · 04.03.2026 10:11 ·
  03/04/2026 10:11 AM · 1772619060 (seconds since 1970). Without a zone it is UTC. Anything else is null.
#}
{% macro parse_timestamp(expression) -%}
  {%- set text = lakesmith.plain_text(expression) -%}
  {%- set day = lakesmith.iso_day("split_part(" ~ text ~ ", ' ', 1)") -%}
  {%- set clock = "split_part(" ~ text ~ ", ' ', 2)" -%}
  {%- set iso = '^[0-9]{4}-[0-9]{2}-[0-9]{2}[t ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?' -%}
  {%- set instant = lakesmith.type_instant() -%}
  case
    when {{ lakesmith.matches(text, '^[0-9]{9,10}$') }} then to_timestamp({{ lakesmith.try_cast(text, 'bigint') }})
    when {{ lakesmith.matches(text, iso ~ '$') }} then {{ lakesmith.try_cast("upper(" ~ text ~ ") || '+00'", instant) }}
    when {{ lakesmith.matches(text, iso ~ '(z|[+-][0-9]{2}(:?[0-9]{2})?)$') }}
      then {{ lakesmith.try_cast("upper(" ~ text ~ ")", instant) }}
    when {{ lakesmith.matches(text, '^[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4} [0-9]{2}:[0-9]{2}(:[0-9]{2})?$') }}
      then {{ lakesmith.try_cast("(" ~ day ~ ") || ' ' || " ~ clock ~ " || '+00'", instant) }}
    when {{ lakesmith.matches(text, '^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} (0?[1-9]|1[0-2]):[0-9]{2} ?[ap]m$') }}
      then {{ lakesmith.try_cast("(" ~ day ~ ") || ' ' || " ~ lakesmith.day_clock(text) ~ " || '+00'", instant) }}
  end
{%- endmacro %}


{# 10:11 pm → 22:11 #}
{% macro day_clock(text) -%}
  {%- set hour = "cast(split_part(split_part(" ~ text ~ ", ' ', 2), ':', 1) as integer)" -%}
  {%- set late = "case when " ~ text ~ " like '%pm' then 12 else 0 end" -%}
  {%- set clock = "cast(" ~ hour ~ " % 12 + " ~ late ~ " as " ~ dbt.type_string() ~ ")" -%}
  {{ return("lpad(" ~ clock ~ ", 2, '0') || ':' || substr(split_part(" ~ text ~ ", ':', 2), 1, 2)") }}
{%- endmacro %}


{# A day in any of the spellings of parse_date → 2026-03-04, as text. #}
{% macro iso_day(text) -%}
  {%- set place = "position(substr(" ~ text ~ ", 1, 3) in 'janfebmaraprmayjunjulaugsepoctnovdec')" -%}
  {%- set month = "cast(cast(floor((" ~ place ~ " + 2) / 3) as integer) as " ~ dbt.type_string() ~ ")" -%}
  {%- set named = '^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec) [0-9]{1,2}, [0-9]{4}$' -%}
  case
    when {{ lakesmith.matches(text, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$') }} then {{ text }}
    when {{ lakesmith.matches(text, '^[0-9]{8}$') }}
      then substr({{ text }}, 1, 4) || '-' || substr({{ text }}, 5, 2) || '-' || substr({{ text }}, 7, 2)
    when {{ lakesmith.matches(text, '^[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4}$') }}
      then {{ lakesmith.joined_day(text, '.', year=3, month=2, day=1) }}
    when {{ lakesmith.matches(text, '^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}$') }}
      then {{ lakesmith.joined_day(text, '/', year=3, month=1, day=2) }}
    when {{ lakesmith.matches(text, named) }}
      then split_part({{ text }}, ', ', 2) || '-' || lpad({{ month }}, 2, '0')
        || '-' || lpad(split_part(substr({{ text }}, 5), ',', 1), 2, '0')
  end
{%- endmacro %}


{# The parts of a day between separators, in the order of ISO 8601. #}
{% macro joined_day(text, separator, year, month, day) -%}
  split_part({{ text }}, '{{ separator }}', {{ year }})
        || '-' || lpad(split_part({{ text }}, '{{ separator }}', {{ month }}), 2, '0')
        || '-' || lpad(split_part({{ text }}, '{{ separator }}', {{ day }}), 2, '0')
{%- endmacro %}
