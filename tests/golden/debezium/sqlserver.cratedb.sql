-- doc.dbo.customers
alter table "doc"."dbo_customers_cdc"
  add column "data"['email'] text,
  add column "data"['name'] text,
  add column "pk"['id'] double precision;
-- doc.dbo.customers
insert into "doc"."dbo_customers_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461946528758171590238721278287: null, "[1005]", {"id":1005}, {"name":"John","email":"john@example.com"}, {}, "s.0000.1.1600000027:00000ac0:0007.1600000027:00000ac0:0002.0000000000000002.00000001", false, "2026-03-02T08:35:56.722000Z"
-- 49672129486798177489156227461948946609810819497070690646: null, "[1006]", {"id":1006}, null, {}, "s.0000.1.1600000027:00000db0:0005.1600000027:00000db0:0002.0000000000000001", true, "2026-03-02T08:35:57.584000Z"
-- 49672129486798177489156227461951364461450048755420103009: null, "[1016]", {"id":1016}, {"name":"Ann","email":"a@example.com"}, {}, "s.0000.1.1600000027:00000db0:0005.1600000027:00000db0:0002.0000000000000002.00000001", false, "2026-03-02T08:35:58.015000Z"
