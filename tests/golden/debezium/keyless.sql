-- public.public.log
insert into "public"."public.log_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.log_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461892127096288931925859500186: "[\"49672129486798177489156227461892127096288931925859500186\"]", {"position":"49672129486798177489156227461892127096288931925859500186"}, {"at":"2026-03-02T08:35:30","what":"login"}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:39.051123Z"
-- 49672129486798177489156227461893336022108546555034206364: "[\"49672129486798177489156227461893336022108546555034206364\"]", {"position":"49672129486798177489156227461893336022108546555034206364"}, {"at":"2026-03-02T08:35:30","what":"login"}, {}, "p.0000.1.00000000016e90a0.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:39.482123Z"
warning: 1 record would be parked; `rowtide decode` says why.
