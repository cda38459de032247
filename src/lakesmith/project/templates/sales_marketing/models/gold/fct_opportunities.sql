-- Sales in the making and made, with the advertising campaign that the sales people name.
select
  opportunities.opportunity_id,
  opportunities.account_id,
  opportunities.opportunity_name,
  opportunities.stage,
  opportunities.amount,
  opportunities.closes_on,
  opportunities.is_closed,
  opportunities.is_won,
  campaigns.ad_campaign_id as campaign_id,
  opportunities.created_at,
  {{ lakesmith.built_at() }} as _ls_built_at
from {{ ref('stg_salesforce__opportunities') }} as opportunities
left join {{ ref('stg_salesforce__campaigns') }} as campaigns on campaigns.crm_campaign_id = opportunities.crm_campaign_id
