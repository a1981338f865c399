-- public.orders
insert into "public"."orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk, u.data, u.aux, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::text[], $6::boolean[], $7::timestamptz[])
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
-- 49672129486798177489156226955435624559312719198610784306: "[\"o-10240\"]", {"id":"o-10240"}, {"customer":"c-1424","status":"nanoseconds","total":7.25,"currency":"EUR","lines":[{"sku":"SKU-1502","title":"Tea strainer","quantity":1,"price":7.25}],"address":{"name":"Jonas Weber","street":"Hafenstraße 3","postcode":"20457","city":"Hamburg","country":"DE"},"tags":["express","gift"]}, {}, "k.0000.1.00064c0679f8be40.05649672129486798177489156226955435624559312719198610784306", false, "2026-03-02T08:36:00.123456Z"
 WARN The creation times of this table have millisecond precision: changes of one item within the same millisecond are ordered by arrival only. Set ApproximateCreationDateTimePrecision of the table's Kinesis streaming destination to MICROSECOND. table="orders"
