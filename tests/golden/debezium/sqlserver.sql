-- public.dbo.customers
insert into "public"."dbo.customers_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."dbo.customers_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461946528758171590238721278287: "[1005]", {"id":1005}, {"name":"John","email":"john@example.com"}, {}, "s.0000.1.1600000027:00000ac0:0007.1600000027:00000ac0:0002.0000000000000002.00000001", false, "2026-03-02T08:35:56.722000Z"
-- 49672129486798177489156227461948946609810819497070690646: "[1006]", {"id":1006}, null, {}, "s.0000.1.1600000027:00000db0:0005.1600000027:00000db0:0002.0000000000000001", true, "2026-03-02T08:35:57.584000Z"
-- 49672129486798177489156227461951364461450048755420103009: "[1016]", {"id":1016}, {"name":"Ann","email":"a@example.com"}, {}, "s.0000.1.1600000027:00000db0:0005.1600000027:00000db0:0002.0000000000000002.00000001", false, "2026-03-02T08:35:58.015000Z"
