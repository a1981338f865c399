-- doc.DB2INST1.CUSTOMERS
alter table "doc"."DB2INST1_CUSTOMERS_cdc"
  add column "data"['NAME'] text,
  add column "pk"['ID'] double precision;
-- doc.DB2INST1.CUSTOMERS
insert into "doc"."DB2INST1_CUSTOMERS_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461961035868006965788817752441: null, "[1]", {"ID":1}, {"NAME":"Annie"}, {}, "b.0000.1.2200000000:00000000:000000000052b010.2200000000:00000000:000000000052b008.0000000000000000.00000001", false, "2026-03-02T08:36:01.032000Z"
-- 49672129486798177489156227461964662645465809676341870981: null, "[2]", {"ID":2}, null, {}, "b.0000.1.2200000000:00000000:000000000052b200.2200000000:00000000:000000000052b1f0.0000000000000000", true, "2026-03-02T08:36:02.325000Z"
