{# A time without a zone, which means UTC, as an instant: whatever the session's time zone. #}
{% macro naive_utc(expression) %}{{ return("(" ~ expression ~ " at time zone 'UTC')") }}{% endmacro %}


{# An instant, null where it lies in the future of the row it stands in: no clock is more than a day ahead. #}
{% macro plausible(instant, known_at) -%}
  {{ return("case when " ~ instant ~ " <= " ~ known_at ~ " + interval '1 day' then " ~ instant ~ " end") }}
{%- endmacro %}


{# The end of something: null while it is open. `infinity` is null in bronze already, with its word beside it; the year 9999 means the same. #}
{% macro open_end(instant) -%}
  {{ return("case when " ~ instant ~ " < cast('9999-01-01 00:00:00+00' as " ~ lakesmith.type_instant() ~ ") then " ~ instant ~ " end") }}
{%- endmacro %}


{# A day some days later, or earlier, as a date. #}
{% macro days_later(day, days) %}{{ return("cast(" ~ dbt.dateadd('day', days, day) ~ " as date)") }}{% endmacro %}


{# The first of the month of a day. #}
{% macro month_of(day) %}{{ return("cast(" ~ dbt.date_trunc('month', day) ~ " as date)") }}{% endmacro %}


{# How many months a date is after the year 0: two of these subtracted are the months between. #}
{% macro month_number(day) -%}
  {{ return("(cast(extract(year from " ~ day ~ ") as integer) * 12 + cast(extract(month from " ~ day ~ ") as integer))") }}
{%- endmacro %}


{# The first of the month until which a card is good: 09/27 · 2027-09 · 9/2027. #}
{% macro card_month(expression) -%}
  {%- set text = lakesmith.tidy(expression) -%}
  {%- set month = "coalesce(" ~ lakesmith.extract_first(text, '^([0-9]{1,2})/') ~ ", " ~ lakesmith.extract_first(text, '-([0-9]{1,2})$') ~ ")" -%}
  {%- set year = "coalesce(" ~ lakesmith.extract_first(text, '^([0-9]{4})-') ~ ", " ~ lakesmith.extract_first(text, '/([0-9]{4})$')
    ~ ", '20' || " ~ lakesmith.extract_first(text, '/([0-9]{2})$') ~ ")" -%}
  {{ return(lakesmith.try_cast(year ~ " || '-' || lpad(" ~ month ~ ", 2, '0') || '-01'", 'date')) }}
{%- endmacro %}
