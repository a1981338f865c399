-- doc.order_lines
alter table "doc"."order_lines_cdc"
  add column "data"['sku'] text,
  add column "pk"['OrderId'] text,
  add column "pk"['line'] double precision;
-- doc.order_lines
insert into "doc"."order_lines_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227482417469459706312184084399410: null, "[\"o-10231\",10]", {"OrderId":"o-10231","line":10}, {"sku":"SKU-1180"}, {}, "d.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- 49672129486798177489156227461865530728257410084015964210: null, "[\"o-10231\",1]", {"OrderId":"o-10231","line":1}, {"sku":"SKU-2043"}, {}, "d.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- 49672129486798177489156227502969408191155214284152834610: null, "[\"o-10232\",1]", {"OrderId":"o-10232","line":1}, {"sku":"SKU-2043"}, {}, "d.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
