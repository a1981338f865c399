-- doc.shop.wal
alter table "doc"."shop_wal_cdc"
  add column "data"['made'] text,
  add column "pk"['id'] double precision;
-- doc.shop.wal
insert into "doc"."shop_wal_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129487010057594632204662985276081099260279023653220: null, "[1]", {"id":1}, {"made":"2026-03-02 08:35:30.1"}, {}, "w.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- doc.shop.task
alter table "doc"."shop_task_cdc"
  add column "data"['made'] text,
  add column "pk"['id'] double precision;
-- doc.shop.task
insert into "doc"."shop_task_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129487010284261936604662985276081099260279023653227: null, "[1]", {"id":1}, {"made":"2026-03-02T08:35:30.100000Z"}, {}, "m.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- doc.shop.maxwell
alter table "doc"."shop_maxwell_cdc"
  add column "pk"['id'] double precision;
-- doc.shop.maxwell
insert into "doc"."shop_maxwell_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129487010510929241004662985276081099260279023653234: null, "[1]", {"id":1}, {}, {}, "x.0000.0.0000000069a54380", false, "2026-03-02T08:00:00.900000Z"
-- doc.shop.arrived
alter table "doc"."shop_arrived_cdc"
  add column "pk"['id'] double precision;
-- doc.shop.arrived
insert into "doc"."shop_arrived_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129487010737596545404662985276081099260279023653241: null, "[1]", {"id":1}, {}, {}, "a.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
