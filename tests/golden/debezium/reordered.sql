-- public.public.orders
insert into "public"."public.orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.orders_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461912678835222380621829505240: "[10231]", {"id":10231}, {"status":"shipped","total":19.99,"note":null}, {}, "p.0000.1.00000000016e9104.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:45.947123Z"
-- 49672129486798177489156227461916305612681224509353623777: "[10232]", {"id":10232}, null, {}, "p.0000.1.00000000016e93c0.00000001.0000000000000000", true, "2026-03-02T08:35:47.240123Z"
-- 49672129486798177489156227461921141315959683026052448507: "[10235]", {"id":10235}, {"status":"paid","total":1.0,"note":null}, {}, "p.0000.1.00000000016e97a8.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:48.102123Z"
