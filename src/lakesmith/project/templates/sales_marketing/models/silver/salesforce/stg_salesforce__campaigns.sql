-- Campaigns as the sales people know them, without deleted ones; `ad_campaign_id` is the platform's id of what they are about.
select
  id as crm_campaign_id,
  name as campaign_name,
  {{ if_there(source('salesforce', 'campaign'), 'ad_campaign_id_c', dbt.type_string()) }} as ad_campaign_id,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ lakesmith.current(source('salesforce', 'campaign'), 'id') }} as image
where not coalesce(is_deleted, false)
