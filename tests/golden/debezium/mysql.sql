-- public.inventory.customers
insert into "public"."inventory.customers_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."inventory.customers_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461939275203253902463673041198: "[1001]", {"id":1001}, {"name":"Sally","email":"s@example.com"}, {}, "y.0000.1.0000000000000003.000000000000032b.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:54.000000Z"
-- 49672129486798177489156227461940484129073517092847747380: "[1002]", {"id":1002}, {"name":"George","email":"g@example.com"}, {}, "y.0000.1.0000000000000003.000000000000032b.00000001.0000000000000001.00000001", false, "2026-03-02T08:35:54.000000Z"
-- 49672129486798177489156227461941693054893131722022453563: "[1003]", {"id":1003}, null, {}, "y.0000.1.0000000000000004.00000000000000eb.00000001.0000000000000000", true, "2026-03-02T08:35:55.000000Z"
-- 49672129486798177489156227461944110906532360980371865932: "[1004]", {"id":1004}, {"name":"Anne","email":"anne@example.com"}, {}, "y.0000.1.000000000000000a.0000000000000004.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:55.000000Z"
