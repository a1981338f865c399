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
-- 49672129486798177489156227241306686346125234192271802418: "[\"o-10231\",10]", {"OrderId":"o-10231","line":10}, {"sku":"SKU-0901","title":"Fountain pen","price":54.95,"quantity":1,"state":"open"}, {}, "k.0000.1.00064c06782efac2.05649672129486798177489156227241306686346125234192271802418", false, "2026-03-02T08:35:30.123458Z"
-- 49672129486798177489156227241318775604321383232797933618: "[\"o-10231\",1]", {"OrderId":"o-10231","line":1}, {"sku":"SKU-1180","title":"Enamel mug, 0.4 l","price":14.5,"quantity":2,"state":"picked"}, {}, "k.0000.1.00064c067a9154c0.05649672129486798177489156227241318775604321383232797933618", false, "2026-03-02T08:36:10.123456Z"
-- 49672129486798177489156227241344163046533290514186240050: "[\"o-10231\",2]", {"OrderId":"o-10231","line":2}, null, {}, "k.0000.1.00064c067aa09700.05649672129486798177489156227241344163046533290514186240050", true, "2026-03-02T08:36:11.123456Z"
-- 49672129486798177489156227241309104197764463588060168242: "[\"o-10232\",1]", {"OrderId":"o-10232","line":1}, {"sku":"SKU-0901","title":"Fountain pen","price":54.95,"quantity":1,"state":"open"}, {}, "k.0000.1.00064c06783e3d00.05649672129486798177489156227241309104197764463588060168242", false, "2026-03-02T08:35:31.123456Z"
