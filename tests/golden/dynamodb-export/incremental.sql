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
-- 49672129486798177489156227461865530728257410084015964210: "[\"o-10231\"]", {"id":"o-10231"}, {"customer":"c-7945","status":"paid","total":146.50,"address":{"name":"Siân Hughes","city":"Cardiff","country":"GB"},"tags":["gift","wholesale"],"gift":false,"note":null}, {}, "d.0000.0.00064c05fb0385c0.00000001", false, "2026-03-02T08:00:30.123456Z"
-- 49672129486798177489156227502969408191155214284152834610: "[\"o-10232\"]", {"id":"o-10232"}, null, {}, "d.0000.0.00064c05fba97c41.00000001", true, "2026-03-02T08:00:41.000001Z"
-- 49672129486798177489156227482417469459706312184084399410: "[\"o-10240\"]", {"id":"o-10240"}, {"status":"placed","total":9.90}, {}, "d.0000.0.00064c05fb26e543.00000001", false, "2026-03-02T08:00:32.441667Z"
