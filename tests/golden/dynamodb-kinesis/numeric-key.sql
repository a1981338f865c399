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
-- 49672129486798177489156227564184176397161165532923166770: "[-7]", {"id":-7}, null, {}, "k.0000.1.00064c0678b84f00.05649672129486798177489156227564184176397161165532923166770", true, "2026-03-02T08:35:39.123456Z"
-- 49672129486798177489156227564110431922164672603510276146: "[0.5]", {"id":0.5}, {"name":"Half a customer","email":"half@example.com"}, {}, "k.0000.1.00064c06782efac3.05649672129486798177489156227564110431922164672603510276146", false, "2026-03-02T08:35:30.123459Z"
-- 49672129486798177489156227564139446141835423703703224370: "[0]", {"id":0}, {"name":"House account","email":"house@example.com"}, {}, "k.0000.1.00064c06782efac4.05649672129486798177489156227564139446141835423703703224370", false, "2026-03-02T08:35:30.123460Z"
-- 49672129486798177489156227564149117548392341218137210930: "[1001]", {"id":1001}, {"name":"Mara Lindqvist","email":"mara.l@example.com","newsletter":true}, {}, "k.0000.1.00064c0678a90cc0.05649672129486798177489156227564149117548392341218137210930", false, "2026-03-02T08:35:38.123456Z"
-- 49672129486798177489156227564064492741019316694871441458: "[100]", {"id":100}, {"name":"Jonas Weber","email":"jonas@example.com"}, {}, "k.0000.1.00064c06782efac1.05649672129486798177489156227564064492741019316694871441458", false, "2026-03-02T08:35:30.123457Z"
