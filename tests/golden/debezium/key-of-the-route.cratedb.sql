-- doc.public.labels
alter table "doc"."public_labels_cdc"
  add column "data"['text'] text,
  add column "pk"['code'] text;
-- doc.public.labels
insert into "doc"."public_labels_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461888500318830088038335381648: null, "[\"A-2\"]", {"code":"A-2"}, {"text":"this side up"}, {}, "p.0000.1.00000000016e9104.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:37.758123Z"
-- 49672129486798177489156227461890918170469317296684794009: null, "[\"B-1\"]", {"code":"B-1"}, null, {}, "p.0000.1.00000000016e91cc.00000001.0000000000000000", true, "2026-03-02T08:35:38.620123Z"
-- doc.public.labels
insert into "doc"."public_labels_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461887291393010473409160675469: null, "[\"A-1\"]", {"code":"A-1"}, null, {}, "p.0000.1.00000000016e90a0.00000001.0000000000000000.00000001", true, "2026-03-02T08:35:37.327123Z"
