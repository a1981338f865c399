-- doc.Sales.EU.Order "Lines"; drop table x
alter table "doc"."Sales_EU_Order__Lines_;_drop_table_x_cdc"
  add column "data"['Upper'] double precision,
  add column "data"['__v'] double precision,
  add column "data"['cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc'] text,
  add column "data"['quote"d'] text,
  add column "data"['semi;colon'] text,
  add column "data"['upper'] double precision,
  add column "data"['user'] text,
  add column "data"['ünï'] text,
  add column "pk"['select'] double precision;
-- doc.Sales.EU.Order "Lines"; drop table x
insert into "doc"."Sales_EU_Order__Lines_;_drop_table_x_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227462009392900791550955805999645: null, "[1]", {"select":1}, {"semi;colon":"x","quote\"d":"q","Upper":5,"upper":2,"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc":"long","user":"u","__v":3,"ünï":"é"}, {"/data/a.b":"\"dot\"","/data/":"\"empty\""}, "p.0000.1.00000000016e90a0.00000001.0000000000000000.00000001", false, "2026-03-02T08:36:10.945123Z"
