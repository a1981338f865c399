-- public.customers
insert into "public"."customers_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk, u.data, u.aux, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."customers_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 800000000013864450696: "[-7]", {"id":-7}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000013864450696", true, "2026-03-02T08:35:39.000000Z"
-- 800000000013863115782: "[0.5]", {"id":0.5}, {"name":"Half a customer","email":"half@example.com"}, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000013863115782", false, "2026-03-02T08:35:30.000000Z"
-- 800000000013863709480: "[0]", {"id":0}, {"name":"House account","email":"house@example.com"}, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000013863709480", false, "2026-03-02T08:35:30.000000Z"
-- 800000000013863918920: "[1001]", {"id":1001}, {"name":"Mara Lindqvist","email":"mara.l@example.com","newsletter":true}, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000013863918920", false, "2026-03-02T08:35:38.000000Z"
-- 800000000013862296138: "[100]", {"id":100}, {"name":"Jonas Weber","email":"jonas@example.com"}, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000013862296138", false, "2026-03-02T08:35:30.000000Z"
