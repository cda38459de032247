-- Every load obeys the row law, and no row is lost on the way from loads to days.
select 'load' as what, cast(load_sk as {{ dbt.type_string() }}) as which
from {{ ref('fct_loads') }}
where rows_read <> rows_written + rows_quarantined + rows_filtered

union all

select 'days', 'all'
where (select coalesce(sum(rows_written), 0) from {{ ref('mart_pipeline_daily') }})
  <> (select coalesce(sum(rows_written), 0) from {{ ref('stg_SOURCE__loads') }})
