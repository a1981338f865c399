-- public.shop.order_lines
insert into "public"."shop.order_lines_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.order_lines_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798241212595300632166189074125815310081257843: "[1,10231]", {"line":1,"order_id":10231}, {"sku":"SKU-1180","quantity":5}, {}, "x.0000.1.00000000000000e7.00000000007bed6e.0000000000000001", false, "2026-03-02T08:36:01.000000Z"
-- 49672129486798241212595300632138543265832595154066092945: "[2,10231]", {"line":2,"order_id":10231}, null, {}, "x.0000.1.00000000000000e7.00000000007bed6e.0000000000000000", true, "2026-03-02T08:36:01.000000Z"
-- 49672129486798241212595300632138543265832595154066092945: "[3,10231]", {"line":3,"order_id":10231}, {"sku":"SKU-1502","quantity":1}, {}, "x.0000.1.00000000000000e7.00000000007bed6e.0000000000000000", false, "2026-03-02T08:36:01.000000Z"
-- public.shop.orders
insert into "public"."shop.orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.orders_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798241212595300632248483841436856342585227020: "[10231]", {"id":10231}, null, {}, "x.0000.1.00000000000000e7.00000000007beef8.ffffffffffffffff", true, "2026-03-02T08:36:01.000000Z"
-- 49672129486798241212595300632248483841436856342585227020: "[20231]", {"id":20231}, {"customer":"c-1424","status":"paid","total":129.90,"lines":[{"sku":"SKU-1180","quantity":2,"price":14.5}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456"}, {}, "x.0000.1.00000000000000e7.00000000007beef8.ffffffffffffffff", false, "2026-03-02T08:36:01.000000Z"
