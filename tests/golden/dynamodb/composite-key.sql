-- public.order_lines
insert into "public"."order_lines_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk, u.data, u.aux, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."order_lines_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 287300000000020779679998: "[\"o-10231\",10]", {"OrderId":"o-10231","line":10}, {"sku":"SKU-0901","title":"Fountain pen","price":54.95,"quantity":1,"state":"open"}, {}, "d.0000.1.172026-02-27T09:41:07.318.024287300000000020779679998", false, "2026-03-02T08:35:30.000000Z"
-- 287300000000020779784963: "[\"o-10231\",1]", {"OrderId":"o-10231","line":1}, {"sku":"SKU-1180","title":"Enamel mug, 0.4 l","price":14.5,"quantity":2,"state":"picked"}, {}, "d.0000.1.172026-02-27T09:41:07.318.024287300000000020779784963", false, "2026-03-02T08:36:10.000000Z"
-- 287300000000020779823862: "[\"o-10231\",2]", {"OrderId":"o-10231","line":2}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.024287300000000020779823862", true, "2026-03-02T08:36:11.000000Z"
-- 287300000000020779752777: "[\"o-10232\",1]", {"OrderId":"o-10232","line":1}, {"sku":"SKU-0901","title":"Fountain pen","price":54.95,"quantity":1,"state":"open"}, {}, "d.0000.1.172026-02-27T09:41:07.318.024287300000000020779752777", false, "2026-03-02T08:35:31.000000Z"
