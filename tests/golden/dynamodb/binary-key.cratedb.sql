-- doc.download_tokens
alter table "doc"."download_tokens_cdc"
  add column "data"['order'] text,
  add column "data"['uses'] double precision,
  add column "pk"['token'] text;
-- doc.download_tokens
insert into "doc"."download_tokens_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values
  ($2, $3, $4, $5, $6, $7, $8, $1)
on conflict (key) do update set
  pk = case when version is null or excluded.version > version then excluded.pk else pk end,
  data = case when version is null or excluded.version > version then excluded.data else data end,
  aux = case when version is null or excluded.version > version then excluded.aux else aux end,
  version = case when version is null or excluded.version > version then excluded.version else version end,
  deleted = case when version is null or excluded.version > version then excluded.deleted else deleted end,
  changed_at = case when version is null or excluded.version > version then excluded.changed_at else changed_at end,
  applied_at = case when version is null or excluded.version > version then excluded.applied_at else applied_at end
returning key, version, applied_at;
-- 6200000000004191499487: null, "[\"+//+\"]", {"token":"+//+"}, {"order":"o-10231","uses":1}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000004191499487", false, "2026-03-02T08:36:30.000000Z"
-- 6200000000004191736045: null, "[\"AA==\"]", {"token":"AA=="}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000004191736045", true, "2026-03-02T08:36:31.000000Z"
-- 6200000000004190703062: null, "[\"AAECAwQFBgcICQoLDA0ODw==\"]", {"token":"AAECAwQFBgcICQoLDA0ODw=="}, {"order":"o-10232","uses":0}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000004190703062", false, "2026-03-02T08:35:31.000000Z"
