-- public.orders
insert into "public"."orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."orders_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461865530728257410084015964210: "[\"o-10231\"]", {"id":"o-10231"}, {"customer":"c-7945","status":"shipped","total":146.50,"address":{"name":"Siân Hughes","city":"Cardiff","country":"GB"},"tags":["gift","wholesale"],"gift":false,"note":null}, {}, "d.0000.0.00064c06cfcb8400.00000001", false, "2026-03-02T09:00:00.000000Z"
-- 49672129486798177489156227646832979311297528984631881010: "[\"o-10232\"]", {"id":"o-10232"}, {"total":117,"customer":"c-4874","status":"returned","scores":[-1,9.5,10],"receipt":"AAECAwQ=","lines":[{"sku":"SKU-2043","quantity":3}]}, {}, "d.0000.0.00064c1a170f4000", false, "2026-03-03T08:00:00.000000Z"
-- 49672129486798177489156227544073285654053018484289705010: "[\"o-10233\"]", {"id":"o-10233"}, {"status":"paid"}, {}, "d.0000.0.00064c05f937e000.00000001", false, "2026-03-02T08:00:00.000000Z"
-- 49672129486798177489156227482417469459706312184084399410: "[\"o-10240\"]", {"id":"o-10240"}, null, {}, "d.0000.0.00064c06d5c16500.00000001", true, "2026-03-02T09:01:40.000000Z"
