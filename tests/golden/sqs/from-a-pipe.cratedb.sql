-- doc.orders
alter table "doc"."orders_cdc"
  add column "data"['status'] text,
  add column "data"['total'] double precision,
  add column "pk"['OrderId'] text;
-- doc.orders
insert into "doc"."orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 059f36b4-87a3-44ab-83d2-661975830001: null, "[\"o-10240\"]", {"OrderId":"o-10240"}, {"status":"placed","total":1}, {}, "k.0000.1.00064c06786a2180.05649664459213214506049272029928136046394554240732946759682", false, "2026-03-02T08:35:34.000000Z"
-- doc.returns
alter table "doc"."returns_cdc"
  add column "data"['status'] text,
  add column "data"['total'] double precision,
  add column "pk"['OrderId'] text;
-- doc.returns
insert into "doc"."returns_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 059f36b4-87a3-44ab-83d2-661975830002: null, "[\"r-77\"]", {"OrderId":"r-77"}, {"status":"placed","total":1}, {}, "d.0000.1.172026-03-02T08:00:00.000.024111000000000000000000005", false, "2026-03-02T08:35:34.000000Z"
