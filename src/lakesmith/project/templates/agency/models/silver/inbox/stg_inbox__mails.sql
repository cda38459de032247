-- Mails: one row per file, with the first contract that the mail or one of its attachments mentions.
with mails as (
  select * from {{ lakesmith.current(source('inbox', 'mails'), 'path') }}
),

mentioned as (
  select path, min({{ contract_in('text') }}) as contract_no
  from {{ lakesmith.document_attachments('mails') }} as attachments
  group by path
)

select
  mails.path,
  mails.sha256,
  mails.title as subject,
  {{ mail_address('mails.author') }} as sender,
  mails.created_at as sent_at,
  coalesce({{ contract_in('mails.title') }}, {{ contract_in('mails.text') }}, mentioned.contract_no) as contract_no,
  coalesce({{ lakesmith.list_size('mails.attachments') }}, 0) as attachments,
  mails.error,
  {{ lakesmith.built_at() }} as _ls_built_at
from mails
left join mentioned on mentioned.path = mails.path
