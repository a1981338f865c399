-- public.customer
insert into "public"."customer_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."customer_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129488613077834670228892589676805190419097819207250: "[\"c-1\"]", {"id":"c-1"}, {"type":"customer","name":"Ada L."}, {}, "a.0000.1.05649672129488613077834670228892589676805190419097819207250.00000000", false, null
-- 49672129487773508533417297051740927774040029507043366230: "[\"c-2\"]", {"id":"c-2"}, {"type":"customer","name":"Bob"}, {}, "a.0000.1.05649672129487773508533417297051740927774040029507043366230.00000000", false, null
-- public.order
insert into "public"."order_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."order_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129488027919295739272591780534175708491609748621240: "[1001]", {"id":1001}, {"type":"order","customer":"c-1"}, {}, "a.0000.1.05649672129488027919295739272591780534175708491609748621240.00000000", false, null
