-- public.readings
insert into "public"."readings_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."readings_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129488326295337457173609971719531463191138301763230: "[\"d-1\"]", {"device":"d-1"}, {"updated_at":"2026-03-02T08:35:30.5Z","temperature":21.75}, {}, "j.0000.1.t.0191772440530500000000", false, "2026-03-02T08:35:30.500000Z"
-- 49672129489824447782765835424723166644107117399213684250: "[\"d-2\"]", {"device":"d-2"}, {"updated_at":"2026-03-02T08:35:31Z","temperature":null,"nested":{"a/b":[1.1]}}, {}, "j.0000.1.t.0191772440531000000000", false, "2026-03-02T08:35:31.000000Z"
