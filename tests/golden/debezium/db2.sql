-- public.DB2INST1.CUSTOMERS
insert into "public"."DB2INST1.CUSTOMERS_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."DB2INST1.CUSTOMERS_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461961035868006965788817752441: "[1]", {"ID":1}, {"NAME":"Annie"}, {}, "b.0000.1.2200000000:00000000:000000000052b010.2200000000:00000000:000000000052b008.0000000000000000.00000001", false, "2026-03-02T08:36:01.032000Z"
-- 49672129486798177489156227461964662645465809676341870981: "[2]", {"ID":2}, null, {}, "b.0000.1.2200000000:00000000:000000000052b200.2200000000:00000000:000000000052b1f0.0000000000000000", true, "2026-03-02T08:36:02.325000Z"
