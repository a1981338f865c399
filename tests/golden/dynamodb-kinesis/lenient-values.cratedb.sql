-- doc.orders
alter table "doc"."orders_cdc"
  add column "data"['count'] double precision,
  add column "data"['lines'] array(text),
  add column "data"['sizes'] array(double precision),
  add column "data"['status'] text,
  add column "data"['total'] double precision,
  add column "pk"['id'] text;
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
-- 49672129486798177489156226775904095717442211547285815346: null, "[\"o-10300\"]", {"id":"o-10300"}, {"sizes":[null,9,10],"count":3}, {"/data/total":"12.50","/data/weight":"12345678901234567890.12345678901234567","/data/sizes/0":"2.50"}, "k.0000.1.00064c06782efac0.05649672129486798177489156226775904095717442211547285815346", false, "2026-03-02T08:35:30.123456Z"
-- 49672129486798177489156226775910140346540284761878822962: null, "[\"o-10301\"]", {"id":"o-10301"}, {"lines":[null,null,"kept"]}, {"/data/note":"null","/data/address":"null"}, "k.0000.1.00064c06783e3d00.05649672129486798177489156226775910140346540284761878822962", false, "2026-03-02T08:35:31.123456Z"
-- 49672129486798177489156226775953661676046411480887722034: null, "[\"o-10302\"]", {"id":"o-10302"}, {"total":1}, {}, "k.0000.1.00064c06784d7f40.05649672129486798177489156226775953661676046411480887722034", false, "2026-03-02T08:35:32.123456Z"
-- 49672129486798177489156226775963333082603328583004848178: null, "[\"o-10303\"]", {"id":"o-10303"}, {"total":2}, {}, "k.0000.1.00064c06785cc180.05649672129486798177489156226775963333082603328583004848178", false, "2026-03-02T08:35:33.123456Z"
-- 49672129486798177489156226775989929450634850493567860786: null, "[\"o-10304\"]", {"id":"o-10304"}, {"total":3}, {}, "k.0000.1.00064c06786c03c0.05649672129486798177489156226775989929450634850493567860786", false, "2026-03-02T08:35:34.123456Z"
-- 49672129486798177489156226776008063337929069999907930162: null, "[\"o-10305\"]", {"id":"o-10305"}, {"total":4}, {}, "k.0000.1.00064c06787b4600.05649672129486798177489156226776008063337929069999907930162", false, "2026-03-02T08:35:35.123456Z"
-- 49672129486798177489156226776055211444894040675160424498: null, "[\"o-10306\"]", {"id":"o-10306"}, {"status":"paid"}, {}, "k.0000.1.00064c067899ca80.05649672129486798177489156226776055211444894040675160424498", false, "2026-03-02T08:35:37.123456Z"
