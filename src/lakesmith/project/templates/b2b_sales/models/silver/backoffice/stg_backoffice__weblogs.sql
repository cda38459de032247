-- Web requests, one row per line of the log. A request never changes, so a run adds the rows that arrived since the
-- last one: _ls_seq is the order of arrival, which makes late requests as good as timely ones.
{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='sync_all_columns') }}
{% set weblogs = source('backoffice', 'weblogs') %}

select
  {{ lakesmith.star(weblogs) }},
  {{ lakesmith.page_path('path') }} as page,
  lower({{ lakesmith.query_param('query', 'utm_campaign') }}) as campaign,
  {{ lakesmith.is_bot('user_agent') }} as is_bot,
  {{ lakesmith.is_asset('path') }} as is_asset,
  _ls_seq,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ weblogs }}
{% if is_incremental() -%}
where _ls_seq > (select coalesce(max(_ls_seq), -1) from {{ this }})
{%- endif %}
