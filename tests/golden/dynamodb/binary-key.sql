-- public.download_tokens
insert into "public"."download_tokens_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk, u.data, u.aux, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."download_tokens_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 6200000000004191499487: "[\"+//+\"]", {"token":"+//+"}, {"order":"o-10231","uses":1}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000004191499487", false, "2026-03-02T08:36:30.000000Z"
-- 6200000000004191736045: "[\"AA==\"]", {"token":"AA=="}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000004191736045", true, "2026-03-02T08:36:31.000000Z"
-- 6200000000004190703062: "[\"AAECAwQFBgcICQoLDA0ODw==\"]", {"token":"AAECAwQFBgcICQoLDA0ODw=="}, {"order":"o-10232","uses":0}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000004190703062", false, "2026-03-02T08:35:31.000000Z"
