-- public.shop.log
insert into "public"."shop.log_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.log_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798197547956038743477961010092459106996401700: "[1,\"started\"]", {"level":1,"message":"started"}, null, {}, "w.0000.1.00000007016b25f0", true, "2026-03-02T08:36:01.500000Z"
-- 49672129486798197547956038743437231578589185939238939489: "[2,\"stopped\"]", {"level":2,"message":"stopped"}, {}, {}, "w.0000.1.00000007016b25a0", false, "2026-03-02T08:36:01.500000Z"
-- 49672129486798197547956038743437231578589185939238939489: "[null,\"stopped\"]", {"level":null,"message":"stopped"}, null, {}, "w.0000.1.00000007016b25a0", true, "2026-03-02T08:36:01.500000Z"
