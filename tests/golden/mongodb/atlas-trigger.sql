-- public.app-db.posts
insert into "public"."app-db.posts_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."app-db.posts_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129487185626257318099713191747247489061926444362230: "[\"614cab95890e884a9264002a\"]", {"_id":"614cab95890e884a9264002a"}, {"title":"title 124","at":"2026-03-02T08:35:30.000Z"}, {}, "n.0000.1.69a54bd200000009.8269A54BD2000000092B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C64A10004", false, "2026-03-02T08:35:30.000000Z"
-- 49672129488509121947145186208213550543937771115456188250: "[\"614cab95890e884a9264002b\"]", {"_id":"614cab95890e884a9264002b"}, null, {}, "n.0000.1.69a54bd20000000b.8269A54BD20000000B2B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C64A10004", true, "2026-03-02T08:35:30.000000Z"
