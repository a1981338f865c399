-- public.shop.orders
insert into "public"."rowtide_floors" as f (target, floor) values ($1::text, $2::text)
on conflict (target) do update set floor = excluded.floor
where f.floor < excluded.floor;
-- 49672129486798177489156227461865530728257410084945266779: "public.shop.orders", "m.0000.0.00064c06782efe1d"
-- public.shop.orders
update "public"."shop.orders_cdc" as t set
  data = null, aux = '{}', version = $1::text, deleted = true, changed_at = $2::timestamptz,
  applied_at = clock_timestamp()
where t.version < $1::text collate "C";
-- 49672129486798177489156227461865530728257410084945266779: "m.0000.0.00064c06782efe1d", null
-- public.shop.orders
insert into "public"."rowtide_floors" as f (target, floor) values ($1::text, $2::text)
on conflict (target) do update set floor = excluded.floor
where f.floor < excluded.floor;
-- 49672129486798177489156227461865530728257410091450384762: "public.shop.orders", "m.0000.0.00064c0678319708"
-- public.shop.orders
update "public"."shop.orders_cdc" as t set
  data = null, aux = '{}', version = $1::text, deleted = true, changed_at = $2::timestamptz,
  applied_at = clock_timestamp()
where t.version < $1::text collate "C";
-- 49672129486798177489156227461865530728257410091450384762: "m.0000.0.00064c0678319708", null
-- public.shop.orders
insert into "public"."shop.orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.orders_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
  and u.version collate "C" > coalesce((select f.floor from "public"."rowtide_floors" as f where f.target = 'public.shop.orders' for share), '')
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461865530728257410092379687331: "[1]", {"id":1}, {"customer":"c-7945","status":"again","total":146.5,"note":null}, {}, "m.0000.0.00064c067831f605", false, null
-- 49672129486798177489156227461865530728257410087733174486: "[2]", {"id":2}, {"customer":"c-7945","status":"placed","total":146.5,"note":null}, {}, "m.0000.0.00064c0678301b14", false, null
-- 49672129486798177489156227461865530728257410090521082193: "[3]", {"id":3}, {"customer":"c-7945","status":"paid","total":146.5,"note":null}, {}, "m.0000.1.000000027c007b98.0000000000000001", false, "2026-03-02T08:35:30.261119Z"
-- 49672129486798177489156227461865530728257410095167595038: "[4]", {"id":4}, null, {}, "m.0000.1.000000027c008408.0000000000000001", true, "2026-03-02T08:35:30.382704Z"
