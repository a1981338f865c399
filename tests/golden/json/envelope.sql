-- public.invoices
insert into "public"."invoices_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."invoices_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129488139762976043836872289927718835910780243769230: "[1,\"acme\"]", {"id":1,"tenant":"acme"}, {"total":12.5,"lines":[]}, {}, "j.0000.1.n.00210", false, null
-- 49672129490794506396356819082125155964228356485142897280: "[1,\"globex\"]", {"id":1,"tenant":"globex"}, {"name":"another tenant"}, {}, "j.0000.1.n.0011", false, null
-- 49672129489247518192226516266130503455165850834120067250: "[2,\"acme\"]", {"id":2,"tenant":"acme"}, null, {}, "j.0000.1.n.0041000", true, null
-- 49672129489627560024838088992172261768395223646260484260: "[3,\"acme\"]", {"id":3,"tenant":"acme"}, {"n":12345678901234567890.10}, {}, "j.0000.1.n.030123456789012345678901234567890", false, null
