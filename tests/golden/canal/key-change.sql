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
-- 49672129486798226467220494108688354735847523960650511252: "[2,10231]", {"line":2,"order_id":10231}, null, {}, "c.0000.1.0000019cadb0a568.05649672129486798226467220494108688354735847523960650511252.00000001", true, "2026-03-02T08:36:01.000000Z"
-- 49672129486798226467220494108688354735847523960650511252: "[2,10232]", {"line":2,"order_id":10232}, {"sku":"SKU-1180","quantity":2}, {}, "c.0000.1.0000019cadb0a568.05649672129486798226467220494108688354735847523960650511252.00000001", false, "2026-03-02T08:36:01.000000Z"
-- 49672129486798226467220494108688354735847523960650511252: "[3,10231]", {"line":3,"order_id":10231}, {"sku":"SKU-1502","quantity":4}, {}, "c.0000.1.0000019cadb0a568.05649672129486798226467220494108688354735847523960650511252.00000000", false, "2026-03-02T08:36:01.000000Z"
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
-- 49672129486798226467220494108647630935979202340041234739: "[1,10231]", {"line":1,"order_id":10231}, null, {}, "c.0000.1.0000019cadb02c50.05649672129486798226467220494108647630935979202340041234739.00000001", true, "2026-03-02T08:35:30.000000Z"
