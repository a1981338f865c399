-- doc.shop.log
alter table "doc"."shop_log_cdc"
  add column "pk"['level'] double precision,
  add column "pk"['message'] text;
-- doc.shop.log
insert into "doc"."shop_log_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798245235331804021321216778428523944888741518: null, "[1,\"started\"]", {"level":1,"message":"started"}, null, {}, "x.0000.1.00000000000000e7.00000000007bee9a.ffffffffffffffff", true, "2026-03-02T08:36:01.000000Z"
-- 49672129486798245235331804021247040865256084289189933838: null, "[2,\"stopped\"]", {"level":2,"message":"stopped"}, {}, {}, "x.0000.1.00000000000000e7.00000000007bed6e.0000000000000000", false, "2026-03-02T08:36:01.000000Z"
-- 49672129486798245235331804021247040865256084289189933838: null, "[null,\"stopped\"]", {"level":null,"message":"stopped"}, null, {}, "x.0000.1.00000000000000e7.00000000007bed6e.0000000000000000", true, "2026-03-02T08:36:01.000000Z"
