-- doc.customer
alter table "doc"."customer_cdc"
  add column "data"['name'] text,
  add column "data"['type'] text,
  add column "pk"['id'] text;
-- doc.customer
insert into "doc"."customer_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129488613077834670228892589676805190419097819207250: null, "[\"c-1\"]", {"id":"c-1"}, {"type":"customer","name":"Ada L."}, {}, "a.0000.1.05649672129488613077834670228892589676805190419097819207250.00000000", false, null
-- 49672129487773508533417297051740927774040029507043366230: null, "[\"c-2\"]", {"id":"c-2"}, {"type":"customer","name":"Bob"}, {}, "a.0000.1.05649672129487773508533417297051740927774040029507043366230.00000000", false, null
-- doc.order
alter table "doc"."order_cdc"
  add column "data"['customer'] text,
  add column "data"['type'] text,
  add column "pk"['id'] double precision;
-- doc.order
insert into "doc"."order_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129488027919295739272591780534175708491609748621240: null, "[1001]", {"id":1001}, {"type":"order","customer":"c-1"}, {}, "a.0000.1.05649672129488027919295739272591780534175708491609748621240.00000000", false, null
