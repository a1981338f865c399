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
-- 49672129487010737596545404662985276081099260279023653241: null, "[10231]", {"id":10231}, {"status":"paid","total":19.9,"note":"gift"}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:30.103000Z"
-- 49672129487010284261936604662985276081099260279023653227: null, "[10232]", {"id":10232}, {"status":"placed","note":null}, {"/data/total":"5.00"}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- 49672129487010964263849804662985276081099260279023653248: null, "[10233]", {"id":10233}, null, {}, "p.0000.1.00000000016e91b8.00000001.0000000000000000", true, "2026-03-02T08:35:30.120000Z"
-- 49672129487011190931154204662985276081099260279023653255: null, "[10234]", {"id":10234}, {"status":"placed","total":1,"note":null}, {}, "p.0000.1.00000000016e9368.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:30.131000Z"
