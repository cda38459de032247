-- One row per day.
with days as (
  {{ dbt.date_spine('day', "cast('" ~ var('first_day') ~ "' as date)", "cast('" ~ var('after_last_day') ~ "' as date)") }}
),

dated as (
  select cast(date_day as date) as date_day from days
)

select
  date_day,
  cast(extract(year from date_day) as integer) as year_number,
  cast(extract(quarter from date_day) as integer) as quarter_number,
  cast(extract(month from date_day) as integer) as month_number,
  {{ month_of('date_day') }} as month_begins_on,
  cast({{ dbt.dateadd('day', -1, dbt.dateadd('month', 1, month_of('date_day'))) }} as date) as month_ends_on,
  cast(extract(isodow from date_day) as integer) as weekday_number,
  extract(isodow from date_day) >= 6 as is_weekend,
  {{ lakesmith.built_at() }} as _ls_built_at
from dated
