-- public.public.t
insert into "public"."public.t_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.t_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798240353043051590134273988178494342551776839: "[1]", {"a":1}, null, {}, "w.0000.1.00000007016b2900.00000002", true, "2026-03-02T08:35:30.123456Z"
-- 49672129486798240353043051590134273988178494342551776839: "[2]", {"a":2}, {"b":"y"}, {}, "w.0000.1.00000007016b2900.00000001", false, "2026-03-02T08:35:30.123456Z"
