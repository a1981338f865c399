-- public.carts
insert into "public"."carts_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk, u.data, u.aux, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."carts_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156226836815823138725570520815763506: "[\"cart-1\"]", {"id":"cart-1"}, null, {}, "k.0000.1.00064c0760a441c0.05649672129486798177489156226836815823138725570520815763506", true, "2026-03-02T09:40:30.123456Z"
-- 49672129486798177489156226836827912396921716881282302002: "[\"cart-2\"]", {"id":"cart-2"}, null, {}, "k.0000.1.00064c0760b38400.05649672129486798177489156226836827912396921716881282302002", true, "2026-03-02T09:40:31.123456Z"
-- 49672129486798177489156226836795271399791853956325441586: "[\"cart-3\"]", {"id":"cart-3"}, {"customer":"c-7730","lines":[{"sku":"SKU-0901","quantity":2}],"expires_at":1772530000}, {}, "k.0000.1.00064c06784d7f40.05649672129486798177489156226836795271399791853956325441586", false, "2026-03-02T08:35:32.123456Z"
