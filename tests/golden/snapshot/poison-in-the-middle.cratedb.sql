-- doc.public.orders
alter table "doc"."public_orders_cdc"
  add column "data"['status'] text,
  add column "data"['total'] double precision,
  add column "pk"['id'] double precision;
-- doc.public.orders
insert into "doc"."public_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129487010057594632204662985276081099260279023653220: null, "[10231]", {"id":10231}, {"status":"placed"}, {"/data/total":"19.90","/data/note":"null"}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- 49672129487010737596545404662985276081099260279023653241: null, "[10232]", {"id":10232}, {"status":"placed"}, {"/data/total":"5.00","/data/note":"null"}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- 49672129487011644265763004662985276081099260279023653269: null, "[10233]", {"id":10233}, {"status":"placed","total":7.25}, {"/data/note":"null"}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- 49672129487012550934980604662985276081099260279023653297: null, "[10235]", {"id":10235}, {"status":"placed"}, {"/data/total":"2.50","/data/note":"null"}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
warning: 8 records would be parked; `rowtide decode` says why.
