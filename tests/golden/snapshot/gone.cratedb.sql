-- doc.public.orders
alter table "doc"."public_orders_cdc"
  add column "data"['note'] text,
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
-- 49672129487011417598458604662985276081099260279023653262: null, "[10231]", {"id":10231}, {"status":"placed","note":"seen again"}, {"/data/total":"19.90"}, "p.0000.0.00064c1a170f4000", false, "2026-03-03T08:00:00.000000Z"
-- 49672129487010964263849804662985276081099260279023653248: null, "[10232]", {"id":10232}, null, {}, "p.0000.0.00064c1a170f3fff", true, "2026-03-03T07:59:59.999999Z"
-- 49672129487010737596545404662985276081099260279023653241: null, "[10233]", {"id":10233}, {"status":"paid","total":7.25,"note":null}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:30.103000Z"
