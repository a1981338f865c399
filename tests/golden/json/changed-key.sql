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
-- 49672129487602375477452415186946200694491328985803337230: "[1,\"acme\"]", {"id":1,"tenant":"acme"}, null, {}, "j.0000.1.n.0012", true, null
-- 49672129488111379096353815099379480552062334206376253240: "[7,\"acme\"]", {"id":7,"tenant":"acme"}, {"name":"a"}, {}, "j.0000.1.n.0012", false, null
