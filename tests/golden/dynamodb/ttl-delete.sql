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
-- 287300000000034406229342: "[\"cart-1\"]", {"id":"cart-1"}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.024287300000000034406229342", true, "2026-03-02T09:40:30.000000Z"
-- 287300000000034406553827: "[\"cart-2\"]", {"id":"cart-2"}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.024287300000000034406553827", true, "2026-03-02T09:40:31.000000Z"
-- 287300000000034405852294: "[\"cart-3\"]", {"id":"cart-3"}, {"customer":"c-7730","lines":[{"sku":"SKU-0901","quantity":2}],"expires_at":1772530000}, {}, "d.0000.1.172026-02-27T09:41:07.318.024287300000000034405852294", false, "2026-03-02T08:35:32.000000Z"
