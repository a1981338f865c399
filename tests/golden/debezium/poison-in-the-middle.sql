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
-- 49672129486798177489156227461997303642595404664058937838: "[10280]", {"id":10280}, {"status":"open","total":1.0,"note":null}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:36:07.066123Z"
-- 49672129486798177489156227461999721494234633922408350195: "[10281]", {"id":10281}, {"status":"open","total":1.0,"note":null}, {}, "p.0000.1.00000000016e90a0.00000001.0000000000000000.00000001", false, "2026-03-02T08:36:07.497123Z"
-- 49672129486798177489156227462006975049152321697456587290: "[10282]", {"id":10282}, {"status":"open","total":1.0,"note":null}, {}, "p.0000.1.00000000016e92f8.00000001.0000000000000000.00000001", false, "2026-03-02T08:36:10.083123Z"
warning: 6 records would be parked; `rowtide decode` says why.
