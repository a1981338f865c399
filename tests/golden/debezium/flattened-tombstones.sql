-- public.customers
insert into "public"."customers_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
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
-- 49672129486798177489156227461994885790956175405709525481: "[1]", {"id":1}, {"name":"Anne Marie","email":"anne@example.com"}, {}, "a.0000.1.05649672129486798177489156227461994885790956175405709525481.00000000", false, null
-- 49672129486798177489156227461996094716775790034884231661: "[2]", {"id":2}, null, {}, "a.0000.1.05649672129486798177489156227461996094716775790034884231661.00000000", true, null
