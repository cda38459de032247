-- Who a mail is from and to: one row per mail, role and address.
with mails as (
  select * from {{ lakesmith.current(source('inbox', 'mails'), 'path') }}
),

addressed as (
  select path, 'sender' as role, {{ mail_address('author') }} as address from mails
  union
  select path, 'recipient', {{ mail_address('recipient') }}
  from {{ lakesmith.unnest_list('mails', 'recipients', 'path', 'recipient') }} as recipients
)

select path, role, address, {{ company_domain('address') }} as company_domain, {{ lakesmith.built_at() }} as _ls_built_at
from addressed
where address is not null
